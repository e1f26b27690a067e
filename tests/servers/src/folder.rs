//! Where a server keeps what it has.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A new folder on the disk that the build is on, which another user may use as well; a system's
/// folder for temporary files may be memory.
pub fn disk_folder() -> anyhow::Result<TempDir> {
    let parent = target_folder()?.join("tmp");
    std::fs::create_dir_all(&parent)?;
    let folder = tempfile::Builder::new().prefix("server-").tempdir_in(&parent)?;
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o777))?;
    Ok(folder)
}

/// The folder of builds that this program is in: the one that cargo has put its mark into.
fn target_folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    Ok(folder.map_or_else(|| PathBuf::from("target"), Path::to_path_buf))
}
