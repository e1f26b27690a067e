//! A small file system in memory that only the processes of one namespace see, and that somebody
//! else can fill. It goes with its keeper.

use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Bytes that somebody else takes at a time, until there are none.
const PIECE_BYTES: usize = 64 << 10;

/// Why there is no such disk, or it cannot be filled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing can be mounted.
    #[error("no small disk can be mounted in a namespace: {0}")]
    NotMounted(io::Error),
    /// What is on it cannot be changed from outside.
    #[error("the small disk cannot be filled or freed: {0}")]
    Ballast(#[from] io::Error),
}

/// A file system, mounted at a folder.
#[derive(Debug)]
pub struct SmallDisk {
    keeper: Child,
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts one of so many bytes at a folder that is there.
    ///
    /// # Errors
    /// If this user may not mount in a namespace of its own.
    pub fn mount(folder: &Path, bytes: u64) -> Result<Self, Error> {
        let script = "mount -t tmpfs -o size=$1 tmpfs \"$0\" && echo mounted && exec cat";
        let mut keeper = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", script])
            .arg(folder)
            .arg(bytes.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Error::NotMounted)?;
        let stdout = keeper.stdout.take();
        // Ends its keeper if it is none.
        let disk = Self { keeper, folder: folder.to_owned() };
        let mut said = String::new();
        if let Some(stdout) = stdout {
            BufReader::new(stdout).read_line(&mut said).map_err(Error::NotMounted)?;
        }
        match said.trim() {
            "mounted" => Ok(disk),
            _ => Err(Error::NotMounted(io::ErrorKind::PermissionDenied.into())),
        }
    }

    /// What makes a command see the disk, in front of it.
    pub fn wrapper(&self) -> Vec<String> {
        let words = ["nsenter", "--preserve-credentials", "--user", "--mount", "--target"];
        let words = words.into_iter().map(str::to_owned);
        words.chain([self.keeper.id().to_string()]).collect()
    }

    /// What somebody else keeps on it, as it is seen from outside.
    fn ballast(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.keeper.id()));
        let folder = self.folder.strip_prefix("/").unwrap_or(&self.folder);
        root.join(folder).join("ballast")
    }

    /// Somebody else takes all that is free.
    ///
    /// # Errors
    /// If that fails for anything but want of space.
    pub fn fill(&self) -> Result<(), Error> {
        use std::io::Write;
        let mut file = std::fs::File::options().create(true).append(true).open(self.ballast())?;
        loop {
            match file.write_all(&[1; PIECE_BYTES]) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// There is space again.
    ///
    /// # Errors
    /// If what was taken cannot be given back.
    pub fn free(&self) -> Result<(), Error> {
        Ok(std::fs::remove_file(self.ballast())?)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Already ended, or not worth keeping.
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}
