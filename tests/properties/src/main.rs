//! Writes the seeds of every target into a folder, one folder a target: `properties FOLDER`. Names
//! of files are those of the seeds' places, so that writing them again writes over them.

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs, io};

use properties::TARGETS;

fn main() -> io::Result<ExitCode> {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        return Ok(ExitCode::from(2));
    };
    for target in TARGETS {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:02}")), seed)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
