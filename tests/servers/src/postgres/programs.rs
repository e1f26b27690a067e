//! The programs of Postgres: where they are, and as whom they are run.
//!
//! Must always hold: what is said of the version is said of the programs that are run.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use super::USER;

/// Where Debian and others keep the programs of a release.
const RELEASES: &str = "/usr/lib/postgresql";

/// The programs of one release.
#[derive(Debug)]
pub(super) struct Programs {
    folder: PathBuf,
    /// The user and the group to run as, where they are not ours.
    ids: Option<(u32, u32)>,
}

impl Programs {
    pub(super) fn find() -> anyhow::Result<Self> {
        Ok(Self { folder: newest(Path::new(RELEASES))?, ids: ids_to_run_as()? })
    }

    pub(super) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.folder.join(name));
        if let Some((user, group)) = self.ids {
            command.uid(user).gid(group);
        }
        command
    }

    /// Makes a cluster in `folder`, in `data`.
    pub(super) fn initialize(&self, folder: &Path) -> anyhow::Result<()> {
        let mut command = self.command("initdb");
        command.arg("-D").arg(folder.join("data")).current_dir(folder);
        command.args(["-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"]);
        let output = command.output().context("initdb does not start")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "initdb failed ({}): {said}", output.status);
        Ok(())
    }
}

/// The server's program of the newest release that is installed.
pub fn server() -> anyhow::Result<PathBuf> {
    Ok(newest(Path::new(RELEASES))?.join("postgres"))
}

/// The folder with the programs of the newest release; each has a folder with its number.
fn newest(releases: &Path) -> anyhow::Result<PathBuf> {
    let place = releases.display();
    let entries = std::fs::read_dir(releases)
        .with_context(|| format!("no Postgres in {place}; apt-get install postgresql"))?;
    let of_release = |path: PathBuf| {
        let number: f64 = path.file_name()?.to_str()?.parse().ok()?;
        let folder = path.join("bin");
        folder.join("postgres").exists().then_some((number, folder))
    };
    let folders = entries.filter_map(|entry| of_release(entry.ok()?.path()));
    let newest = folders.max_by(|(one, _), (other, _)| one.total_cmp(other));
    let (_, folder) = newest.with_context(|| format!("no program `postgres` in {place}/*/bin"))?;
    Ok(folder)
}

/// None, or those that are there for Postgres if we are root.
fn ids_to_run_as() -> anyhow::Result<Option<(u32, u32)>> {
    if Path::new("/proc/self").metadata()?.uid() != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd")?;
    let entry = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, user, group) =
            (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        (name == USER).then(|| Some((user.parse().ok()?, group.parse().ok()?)))?
    });
    entry.map(Some).with_context(|| format!("there is no user {USER}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_compared_by_number() {
        let releases = tempfile::tempdir().unwrap();
        assert!(newest(releases.path()).is_err(), "there is none");
        for (name, program) in [("9.6", "postgres"), ("15", "postgres"), ("17", "psql")] {
            let folder = releases.path().join(name).join("bin");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(program), "").unwrap();
        }
        std::fs::create_dir(releases.path().join("common")).unwrap();
        assert_eq!(newest(releases.path()).unwrap(), releases.path().join("15/bin"));
        assert!(newest(Path::new("/nowhere")).is_err());
    }
}
