//! Writes the seeds of targets into a folder, one folder a target: `properties FOLDER TARGET...`.
//! Names of files are those of the seeds' places, so that writing them again writes over them.

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs, io};

use properties::TARGETS;

fn main() -> io::Result<ExitCode> {
    let mut arguments = env::args().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        return Ok(ExitCode::from(2));
    };
    let wanted: Vec<String> = arguments.collect();
    for target in TARGETS.iter().filter(|target| wanted.iter().any(|name| name == target.name)) {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:02}")), seed)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
