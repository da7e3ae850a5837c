//! Runs: variable-length records. Written by [`RunWriter`], read by [`RunReader`], which bounds
//! every access and never fails: what points outside its run reads as empty.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::format::{Bound, Span};

/// Collects the heap of a run while its head and arrays are made.
#[derive(Debug, Default)]
pub(crate) struct Heap {
    bytes: Vec<u8>,
    /// What was put first: a fixed version is the end of a range, too, and is kept once.
    first: Vec<Span>,
}

/// How many spans are looked through for equal bytes.
const FIRST: usize = 16;

impl Heap {
    /// Puts bytes on the heap. Beyond 4 GiB they read as empty; inputs are capped far below.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Span {
        let (Ok(offset), Ok(len)) = (u32::try_from(self.bytes.len()), u32::try_from(bytes.len()))
        else {
            return Span { offset: 0.into(), len: 0.into() };
        };
        let written = HeapReader::new(&self.bytes);
        if let Some(same) = self.first.iter().find(|span| written.bytes(**span) == bytes) {
            return *same;
        }
        self.bytes.extend_from_slice(bytes);
        let span = Span { offset: offset.into(), len: len.into() };
        if self.first.len() < FIRST {
            self.first.push(span);
        }
        span
    }

    /// Puts a text on the heap.
    pub(crate) fn text(&mut self, text: &str) -> Span {
        self.put(text.as_bytes())
    }

    /// Puts a version on the heap.
    pub(crate) fn bound(&mut self, key: &[u8], text: &str) -> Bound {
        Bound { key: self.put(key), text: self.text(text) }
    }

    /// The heap's bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Writes a run: head, arrays, heap.
#[derive(Debug, Default)]
pub(crate) struct RunWriter {
    bytes: Vec<u8>,
}

impl RunWriter {
    /// Begins with the head.
    pub(crate) fn new<T: IntoBytes + Immutable>(head: &T) -> RunWriter {
        RunWriter { bytes: head.as_bytes().to_vec() }
    }

    /// Appends an array.
    pub(crate) fn array<T: IntoBytes + Immutable>(mut self, items: &[T]) -> RunWriter {
        self.bytes.extend_from_slice(items.as_bytes());
        self
    }

    /// Appends the heap.
    pub(crate) fn finish(mut self, heap: &Heap) -> Box<[u8]> {
        self.bytes.reserve_exact(heap.bytes.len());
        self.bytes.extend_from_slice(&heap.bytes);
        self.bytes.into()
    }
}

/// Reads a run's head and arrays in order; what is left is the heap.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunReader<'a> {
    rest: &'a [u8],
}

impl<'a> RunReader<'a> {
    /// Begins with the head. `None` if the bytes are too few.
    pub(crate) fn new<T>(bytes: &'a [u8]) -> Option<(&'a T, RunReader<'a>)>
    where
        T: FromBytes + Immutable + KnownLayout + Unaligned,
    {
        let (head, rest) = T::ref_from_prefix(bytes).ok()?;
        Some((head, RunReader { rest }))
    }

    /// The next array. `None` if the bytes are too few.
    pub(crate) fn array<T>(&mut self, count: u32) -> Option<&'a [T]>
    where
        T: FromBytes + Immutable + Unaligned,
    {
        let count = usize::try_from(count).ok()?;
        let (items, rest) = <[T]>::ref_from_prefix_with_elems(self.rest, count).ok()?;
        self.rest = rest;
        Some(items)
    }

    /// The heap: what is left.
    pub(crate) fn heap(self) -> HeapReader<'a> {
        HeapReader { bytes: self.rest }
    }
}

/// Reads a heap.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeapReader<'a> {
    bytes: &'a [u8],
}

impl<'a> HeapReader<'a> {
    /// A heap that is not behind a run.
    pub(crate) fn new(bytes: &'a [u8]) -> HeapReader<'a> {
        HeapReader { bytes }
    }

    /// How many bytes it has.
    pub(crate) fn len(self) -> usize {
        self.bytes.len()
    }

    /// Bytes of the heap; `None` if the span points outside.
    pub(crate) fn get(self, span: Span) -> Option<&'a [u8]> {
        let start = usize::try_from(span.offset.get()).ok()?;
        let len = usize::try_from(span.len.get()).ok()?;
        self.bytes.get(start..start.checked_add(len)?)
    }

    /// Bytes of the heap; empty if the span points outside.
    pub(crate) fn bytes(self, span: Span) -> &'a [u8] {
        self.get(span).unwrap_or_default()
    }

    /// A text; empty if the span points outside or the bytes are not UTF-8.
    pub(crate) fn text(self, span: Span) -> &'a str {
        std::str::from_utf8(self.bytes(span)).unwrap_or_default()
    }

    /// A text that may be absent: empty means so.
    pub(crate) fn optional(self, span: Span) -> Option<&'a str> {
        Some(self.text(span)).filter(|text| !text.is_empty())
    }
}
