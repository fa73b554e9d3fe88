//! Folders of the rig: what is kept between runs, and one private folder for each running service.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{Error, Result};

/// Folder kept between runs: `$KEFU_RIG_CACHE`, else `rig` in the target folder this program was built into.
pub(crate) fn root() -> Result<PathBuf> {
    let root = match env::var_os("KEFU_RIG_CACHE") {
        Some(dir) if !dir.is_empty() => PathBuf::from(dir),
        _ => target_folder().join("rig"),
    };
    fs::create_dir_all(&root).map_err(Error::io(format!("create {}", root.display())))?;
    root.canonicalize().map_err(Error::io(format!("resolve {}", root.display())))
}

/// Cargo marks its target folder with a tag file, wherever the folder was configured to be.
fn target_folder() -> PathBuf {
    let tagged = env::current_exe()
        .ok()
        .and_then(|exe| exe.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file()).map(Path::to_path_buf));
    tagged.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"))
}

/// New empty folder for one service. Its process works there, which is how the watchdog recognizes it.
pub(crate) fn new_run_folder(service: &str) -> Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let runs = root()?.join("run");
    fs::create_dir_all(&runs).map_err(Error::io(format!("create {}", runs.display())))?;
    loop {
        let dir = runs.join(format!("{service}-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        match fs::create_dir(&dir) {
            Ok(()) => return Ok(dir),
            // Left by an earlier process with our id whose watchdog was killed too.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::io(format!("create {}", dir.display()))(error)),
        }
    }
}

/// Runs `job` while no other process of the rig runs one with the same name.
pub(crate) fn exclusively<T>(name: &str, job: impl FnOnce() -> Result<T>) -> Result<T> {
    let path = root()?.join(format!("{name}.lock"));
    let doing = format!("lock {}", path.display());
    let lock = File::create(&path).map_err(Error::io(doing.clone()))?;
    lock.lock().map_err(Error::io(doing))?;
    job()
}
