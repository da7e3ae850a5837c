//! Folders of ours in the folder for temporary files. Each goes with what owns it; what a killed process left is swept by a
//! later one. A file in it, locked as long as its owner lives, marks it and tells the two apart: the system gives up the
//! lock of a process that ends, however it ends.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// How the names of such folders begin.
const PREFIX: &str = "trimtab-";
/// The file that marks one.
const MARK: &str = "owner";
/// What it says.
const SAYS: &str = "A folder of trimtab, swept when the process is gone that locks this file.\n";
/// How many entries of the folder for temporary files are looked at.
const MOST: usize = 50_000;

/// A folder, which goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    // In this order: nobody else may take it for left as long as it is being removed.
    folder: tempfile::TempDir,
    _lock: File,
}

impl Folder {
    /// A new one, in `place` or the system's folder for temporary files.
    pub(crate) fn new(place: Option<&Path>) -> io::Result<Folder> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        let folder = match place {
            Some(place) => {
                fs::create_dir_all(place)?;
                builder.tempdir_in(place)?
            }
            None => builder.tempdir()?,
        };
        // It has its name only when it is locked: whoever sweeps never finds it unlocked while its owner lives.
        let aside = folder.path().join("owner-aside");
        let mut lock = File::create_new(&aside)?;
        lock.write_all(SAYS.as_bytes())?;
        // Where the file system knows no locks, it has no mark, and nobody sweeps it.
        match lock.lock() {
            Ok(()) => fs::rename(&aside, folder.path().join(MARK))?,
            Err(_) => fs::remove_file(&aside)?,
        }
        Ok(Folder { folder, _lock: lock })
    }

    /// The same by a path without links: a link of the user's home is not there where that is hidden.
    pub(crate) fn of_its_path(place: Option<&Path>) -> io::Result<Folder> {
        if cfg!(windows) {
            return Folder::new(place);
        }
        let place = place.map_or_else(std::env::temp_dir, Path::to_owned);
        fs::create_dir_all(&place)?;
        Folder::new(Some(&place.canonicalize()?))
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now is left to the next one.
        if clear(self.path()).is_err() {
            self.folder.disable_cleanup(true);
        }
    }
}

/// Empties the folders of ours in `place`, or the system's folder for temporary files, whose process is gone, and removes those
/// that an earlier call emptied. How many it removed. What cannot be removed stays, for the next time.
pub fn sweep(place: Option<&Path>) -> usize {
    let place = place.map_or_else(std::env::temp_dir, Path::to_owned);
    let Ok(entries) = fs::read_dir(place) else { return 0 };
    let ours = entries.take(MOST).flatten().filter(|entry| {
        let named = entry.file_name().to_string_lossy().starts_with(PREFIX);
        // Not through links.
        named && entry.file_type().is_ok_and(|kind| kind.is_dir())
    });
    ours.filter(|entry| remove(&entry.path()).is_some()).count()
}

/// Empties a folder that is ours and left, and removes it if it was empty already: a program that outlived its process, such as
/// a test, may still write into it, and would make it anew without a mark. `None`: it is not ours, or it stays.
fn remove(folder: &Path) -> Option<()> {
    let mark = marked(folder)?;
    // Held until it is gone: another that sweeps leaves it.
    mark.try_lock().ok()?;
    let is_empty = fs::read_dir(folder).ok()?.count() == 1;
    clear(folder).ok()?;
    if is_empty { fs::remove_dir_all(folder).ok() } else { None }
}

/// Removes all but the mark, which goes last: what could not be removed, or was not when the process was killed, is ours
/// still.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)?.flatten().filter(|entry| entry.file_name() != MARK) {
        match entry.file_type()?.is_dir() {
            true => remove_whole(&entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

/// Removes a folder, also where it has such as nobody may open or write to: systems and tests leave them.
fn remove_whole(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            open_all(folder);
            fs::remove_dir_all(folder)
        }
        done => done,
    }
}

/// Gives us all rights to a folder and those in it, through no link.
fn open_all(folder: &Path) {
    let mut next = vec![folder.to_owned()];
    while let Some(folder) = next.pop() {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o700));
        }
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        next.extend(folders.map(|entry| entry.path()));
    }
}

/// The file that marks a folder as ours.
fn marked(folder: &Path) -> Option<File> {
    let path: PathBuf = folder.join(MARK);
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(i32::try_from(flags.bits()).ok()?);
        // Another user's is none of ours, whatever it looks like.
        let own = rustix::process::geteuid().as_raw();
        if fs::symlink_metadata(folder).ok()?.uid() != own {
            return None;
        }
    }
    let file = options.open(path).ok()?;
    let mut says = String::new();
    let most = u64::try_from(SAYS.len()).ok()? + 1;
    (&file).take(most).read_to_string(&mut says).ok()?;
    (file.metadata().ok()?.is_file() && says == SAYS).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owned_or_not_ours_is_not_swept() {
        let place = tempfile::tempdir().unwrap();
        let own = Folder::new(Some(place.path())).unwrap();
        let made = |name: &str| {
            let folder = place.path().join(name);
            fs::create_dir(&folder).unwrap();
            folder
        };
        // Of another program, by chance of our name; and one that is being made.
        fs::write(made("trimtab-notes").join("owner"), "me").unwrap();
        made("trimtab-begun");
        fs::write(made("other").join(MARK), SAYS).unwrap();
        let left = made("trimtab-left");
        fs::write(left.join(MARK), SAYS).unwrap();
        fs::create_dir(left.join("copy")).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode =
                |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
            // As an overlay and a module cache leave them. The superuser is not kept from them.
            fs::create_dir_all(left.join("walls/work/work")).unwrap();
            mode(&left.join("walls/work/work"), 0o000).unwrap();
            fs::create_dir_all(left.join("copy/mod/a")).unwrap();
            fs::write(left.join("copy/mod/a/b"), "").unwrap();
            mode(&left.join("copy/mod/a"), 0o555).unwrap();
            mode(&left.join("copy/mod"), 0o555).unwrap();
        }
        #[cfg(unix)]
        {
            let away = made("away");
            fs::write(away.join(MARK), SAYS).unwrap();
            std::os::unix::fs::symlink(&away, place.path().join("trimtab-link")).unwrap();
            std::os::unix::fs::symlink(away.join(MARK), made("trimtab-mark").join(MARK)).unwrap();
        }
        let before = fs::read_dir(place.path()).unwrap().count();
        assert_eq!((sweep(Some(place.path())), fs::read_dir(&left).unwrap().count()), (0, 1));
        // Something that outlived its process writes once more.
        fs::create_dir(left.join("home")).unwrap();
        assert_eq!((sweep(Some(place.path())), fs::read_dir(&left).unwrap().count()), (0, 1));
        assert_eq!(sweep(Some(place.path())), 1);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), before - 1);
        assert!(!left.exists() && own.path().join(MARK).is_file());
        let path = own.path().to_owned();
        drop(own);
        assert!(!path.exists());
    }
}
