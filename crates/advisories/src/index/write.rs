//! Writes an index file: sections one after the other, a checksum for each page on the way, the
//! header last. The file is written beside its name, made durable, then renamed over it: a process
//! that is killed on the way leaves the old file as it was.

use std::fs::{self, File, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;
use zerocopy::{FromBytes, IntoBytes};

use super::format::{ENDIAN, Extent, FORMAT, Header, LABEL, PAGE, Section, rules};

/// The sum of a page.
pub(crate) fn page_sum(page: &[u8]) -> u64 {
    xxh3_64(page)
}

/// A file under a name of its own (`….new`) that becomes the real one on `commit`, and goes away
/// otherwise. A lock (`….lock`) keeps two builds apart; it ends with the process, however that ends.
pub(crate) struct Aside {
    path: PathBuf,
    target: PathBuf,
    file: Option<File>,
    _lock: File,
}

/// How often a lock is tried, and how long after each time: a program that this process is just starting holds what is open
/// here until it has begun.
const TRIES: (u32, Duration) = (20, Duration::from_millis(10));

/// Takes a lock. `false`: somebody else has it, and keeps it.
fn is_free(lock: &File) -> bool {
    let (tries, rest) = TRIES;
    (0..tries).any(|nth| {
        if nth > 0 {
            std::thread::sleep(rest);
        }
        !matches!(lock.try_lock(), Err(TryLockError::WouldBlock))
    })
}

impl Aside {
    /// Creates the file beside `target`. One that a killed build left behind is overwritten.
    pub(crate) fn create(target: &Path) -> io::Result<Aside> {
        let beside = |suffix: &str| -> io::Result<PathBuf> {
            let mut name = target
                .file_name()
                .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it names no file"))?
                .to_owned();
            name.push(suffix);
            Ok(target.with_file_name(name))
        };
        let lock =
            File::options().write(true).create(true).truncate(false).open(beside(".lock")?)?;
        if !is_free(&lock) {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "another update is writing it"));
        }
        let path = beside(".new")?;
        let file =
            File::options().write(true).read(true).create(true).truncate(true).open(&path)?;
        Ok(Aside { path, target: target.to_path_buf(), file: Some(file), _lock: lock })
    }

    /// The open file.
    pub(crate) fn file(&self) -> io::Result<&File> {
        self.file.as_ref().ok_or_else(|| io::Error::other("the file is closed"))
    }

    /// Makes the content durable and gives it its name.
    pub(crate) fn commit(mut self) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            file.sync_all()?;
        }
        fs::rename(&self.path, &self.target)?;
        // The rename itself must survive a power cut. Not every system can sync a folder.
        let folder = self.target.parent().filter(|p| !p.as_os_str().is_empty());
        if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
            let _ = folder.sync_all();
        }
        self.path = PathBuf::new();
        Ok(())
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            drop(self.file.take());
            // Nothing can be done about a failure here, and the target is untouched.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes pages and keeps their sums.
pub(crate) struct PageWriter<W: Write + Seek> {
    out: W,
    page: Vec<u8>,
    pending: Vec<u8>,
    sums: Vec<u8>,
    at: u64,
    sections: [Extent; Section::COUNT],
    begun: Option<(Section, u64)>,
}

/// Bytes handed to the system at a time.
const CHUNK: usize = 256 * PAGE;

impl<W: Write + Seek> PageWriter<W> {
    /// Leaves room for the header.
    pub(crate) fn new(mut out: W) -> io::Result<PageWriter<W>> {
        out.write_all(&[0; PAGE])?;
        let none = Extent { offset: 0.into(), len: 0.into() };
        Ok(PageWriter {
            out,
            page: Vec::with_capacity(PAGE),
            pending: Vec::with_capacity(CHUNK),
            sums: Vec::new(),
            at: PAGE as u64,
            sections: [none; Section::COUNT],
            begun: None,
        })
    }

    /// Begins a section on a page of its own.
    pub(crate) fn begin(&mut self, section: Section) -> io::Result<()> {
        self.end()?;
        self.begun = Some((section, self.at));
        Ok(())
    }

    /// Where the next byte of the section will be, from its beginning.
    pub(crate) fn position(&self) -> u64 {
        self.begun.map_or(0, |(_, start)| self.at - start)
    }

    /// Appends bytes to the section.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        while !bytes.is_empty() {
            let room = PAGE - self.page.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.page.extend_from_slice(now);
            bytes = later;
            if self.page.len() == PAGE {
                self.flush_page()?;
            }
        }
        Ok(())
    }

    /// Appends zeros up to a multiple of `align`.
    pub(crate) fn align(&mut self, align: u64) -> io::Result<()> {
        let rest = self.position() % align;
        if rest != 0 {
            let zeros = [0; 64];
            let missing = usize::try_from(align - rest).unwrap_or(0);
            self.write(zeros.get(..missing).unwrap_or_default())?;
        }
        Ok(())
    }

    fn flush_page(&mut self) -> io::Result<()> {
        self.sums.extend_from_slice(&page_sum(&self.page).to_le_bytes());
        self.pending.extend_from_slice(&self.page);
        self.page.clear();
        if self.pending.len() >= CHUNK {
            self.out.write_all(&self.pending)?;
            self.pending.clear();
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        if let Some((section, start)) = self.begun.take() {
            self.sections[section as usize] =
                Extent { offset: start.into(), len: (self.at - start).into() };
        }
        if !self.page.is_empty() {
            let missing = PAGE - self.page.len();
            self.page.resize(PAGE, 0);
            self.at += missing as u64;
            self.flush_page()?;
        }
        Ok(())
    }

    /// Writes the page sums and the header, whose own fields the caller has filled in.
    pub(crate) fn finish(mut self, mut header: Header) -> io::Result<Header> {
        self.end()?;
        self.out.write_all(&self.pending)?;
        self.out.write_all(&self.sums)?;
        header.sections = self.sections;
        header.sums = Extent { offset: self.at.into(), len: (self.sums.len() as u64).into() };
        header.sums_sum = xxh3_64(&self.sums).into();
        header.file_len = (self.at + self.sums.len() as u64).into();
        header.digest = digest(&header, &self.sums);
        header.own_sum = header_sum(&header).into();
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(header.as_bytes())?;
        self.out.flush()?;
        Ok(header)
    }
}

/// The content digest: of the page sums, which stand for every byte of the sections.
pub(crate) fn digest(header: &Header, sums: &[u8]) -> [u8; 32] {
    let mut blank = *header;
    blank.digest = [0; 32];
    blank.own_sum = 0.into();
    let mut hash = blake3::Hasher::new();
    hash.update(blank.as_bytes());
    hash.update(sums);
    hash.finalize().into()
}

/// The header's sum of itself.
pub(crate) fn header_sum(header: &Header) -> u64 {
    let bytes = header.as_bytes();
    xxh3_64(bytes.get(..bytes.len().saturating_sub(8)).unwrap_or_default())
}

/// Makes the sums of changed bytes right again, as far as their header still says where they are.
/// For tests and fuzzing.
pub(crate) fn reseal(bytes: &mut [u8]) {
    let Ok((mut header, _)) = Header::read_from_prefix(bytes) else { return };
    let (Ok(sums_at), Ok(sums_len)) =
        (usize::try_from(header.sums.offset.get()), usize::try_from(header.sums.len.get()))
    else {
        return;
    };
    header.label = LABEL;
    header.endian = ENDIAN.into();
    header.format = FORMAT.into();
    header.rules = rules().into();
    header.page = (PAGE as u32).into();
    header.file_len = (bytes.len() as u64).into();
    if let Some((content, sums)) = bytes.split_at_mut_checked(sums_at) {
        if let Some(rest) = content.get_mut(size_of::<Header>()..PAGE) {
            rest.fill(0);
        }
        for (page, sum) in content.chunks(PAGE).skip(1).zip(sums.chunks_exact_mut(8)) {
            sum.copy_from_slice(&page_sum(page).to_le_bytes());
        }
        let sums = sums.get(..sums_len).unwrap_or_default();
        header.sums_sum = xxh3_64(sums).into();
        header.digest = digest(&header, sums);
    }
    header.own_sum = header_sum(&header).into();
    if let Some(start) = bytes.get_mut(..size_of::<Header>()) {
        start.copy_from_slice(header.as_bytes());
    }
}
