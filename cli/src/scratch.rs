//! Room outside of memory: a file without a name, which the system removes whatever becomes of the process.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::files::folder;

/// A file beside an output, readable by its owner alone, that is made when something is first written to it.
pub(crate) struct Scratch {
    folder: PathBuf,
    file: Option<File>,
}

impl Scratch {
    /// Beside `output`; where that is a pipe or a device, in the folder for temporary files.
    pub(crate) fn beside(output: &Path) -> Self {
        let special = fs::metadata(output).is_ok_and(|meta| !meta.is_file());
        let folder = if special { std::env::temp_dir() } else { folder(output).to_owned() };
        Self { folder, file: None }
    }

    /// Where it is made.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn file(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            let file = tempfile::tempfile_in(&self.folder)?;
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                file.set_permissions(fs::Permissions::from_mode(0o600))?;
            }
            self.file = Some(file);
        }
        self.file.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Read for Scratch {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.file()?.read(room)
    }
}

impl Write for Scratch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file()?.flush()
    }
}

impl Seek for Scratch {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file()?.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_no_name_and_belongs_to_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let mut scratch = Scratch::beside(&folder.path().join("out.bisik"));
        assert!(scratch.file.is_none(), "made before it is needed");
        scratch.write_all(b"tokens").unwrap();
        scratch.seek(SeekFrom::Start(2)).unwrap();
        let mut rest = String::new();
        scratch.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "kens");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = scratch.file.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_device_has_none_beside_it() {
        assert_eq!(Scratch::beside(Path::new("/dev/null")).folder(), std::env::temp_dir());
    }
}
