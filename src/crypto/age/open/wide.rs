//! Opening chunks side by side. A chunk's nonce is its number, so each of them opens without the others.
//!
//! A window of chunks is read, all of them are opened, and then they are looked at in their order: what comes out, and the error
//! after it, are those of [`Opener::read_chunk`].

use std::io::Read;

use zeroize::{Zeroize, Zeroizing};

use crate::crypto::age::keys::RecipientSecret;
use crate::crypto::age::open::{Opener, State};
use crate::crypto::age::stream::{CHUNK, Place, SEALED_CHUNK, Stream};
use crate::error::{Error, ErrorKind, Result};
use crate::executor::{self, Executor};

/// Chunks of a window for each piece of work that is done at the same time: some milliseconds of it, next to which a thread costs little.
const EACH: usize = 32;
/// How many of those there are at most: a window has 16 MiB or less.
const MOST: usize = 8;

/// Opens a file that comes from a reader, a window of chunks at a time.
pub(crate) struct WideOpener<'e, R> {
    opener: Opener<R>,
    /// Room for sealed chunks.
    window: Zeroizing<Vec<u8>>,
    executor: &'e dyn Executor,
    /// Found behind plaintext that was given out: the next call's answer.
    fault: Option<Error>,
}

impl<'e, R: Read> WideOpener<'e, R> {
    /// As [`Opener::new`].
    ///
    /// # Errors
    /// As [`Opener::new`].
    pub(crate) fn new(reader: R, secrets: &[RecipientSecret], executor: &'e dyn Executor) -> Result<Self> {
        let opener = Opener::new(reader, secrets)?;
        let chunks = EACH * executor.width().clamp(1, MOST);
        let window = Zeroizing::new(vec![0; chunks * SEALED_CHUNK]);
        Ok(Self { opener, window, executor, fault: None })
    }

    /// Plaintext of a full window, in bytes.
    pub(crate) fn window(&self) -> usize {
        self.window.len() / SEALED_CHUNK * CHUNK
    }

    /// Writes the next pieces of plaintext to the beginning of `room`, which has the length of some whole chunks, and returns how
    /// many bytes they have: never 0; `None` at the proved end of the file. What is behind them is of no use to anybody.
    ///
    /// # Errors
    /// As [`Opener::read_chunk`].
    pub(crate) fn read_chunks(&mut self, room: &mut [u8]) -> Result<Option<usize>> {
        let length = match (self.opener.state, self.fault.take()) {
            (State::Done, _) => return Ok(None),
            (State::Failed, fault) => return Err(fault.unwrap_or_else(|| ErrorKind::CannotOpen.into())),
            (State::Reading | State::Ending, _) => self.advance(room),
        };
        if let Some(rest) = room.get_mut(length..).filter(|_| self.fault.is_some()) {
            rest.zeroize();
        }
        match self.fault.take_if(|_| length == 0) {
            Some(fault) => Err(fault),
            None => Ok((length > 0).then_some(length)),
        }
    }

    /// Opens a window; returns the length of the plaintext before the end or the first fault.
    fn advance(&mut self, room: &mut [u8]) -> usize {
        let most = (room.len() / CHUNK * SEALED_CHUNK).min(self.window.len());
        if most == 0 {
            self.fail(ErrorKind::LimitExceeded.into());
            return 0;
        }
        let (filled, read) = self.opener.fill(self.window.get_mut(..most).unwrap_or_default());
        let sealed = self.window.get(..filled).unwrap_or_default();
        if self.opener.state == State::Ending {
            // the last chunk was full: nothing may follow it
            self.end(filled, filled < SEALED_CHUNK, read);
            return 0;
        }
        let (whole, rest) = sealed.as_chunks::<SEALED_CHUNK>();
        let short = (read.is_ok() && (!rest.is_empty() || whole.is_empty())).then_some(rest);
        let pieces = whole.iter().map(|chunk| (chunk.as_slice(), false)).chain(short.map(|rest| (rest, true)));
        let jobs: Vec<Job<'_>> = (0..)
            .zip(pieces)
            .zip(room.chunks_mut(CHUNK))
            .map(|((ahead, (sealed, short)), out)| Job { ahead, sealed, short, out })
            .collect();
        let stream = &self.opener.stream;
        let opened = match executor::map(self.executor, jobs, |job| job.open(stream)) {
            Ok(opened) => opened,
            Err(error) => {
                self.fail(error);
                return 0;
            }
        };
        let mut length = 0;
        for (number, opened) in opened.into_iter().enumerate() {
            match opened {
                Opened::Before(count) => length += count,
                Opened::Last(count) => {
                    length += count;
                    let behind = filled.saturating_sub((number + 1) * SEALED_CHUNK);
                    self.opener.state = State::Ending;
                    if behind > 0 || read.is_err() {
                        self.end(behind, behind < SEALED_CHUNK, read);
                    }
                    return length;
                }
                Opened::Short(count) if count > 0 || (number == 0 && self.opener.stream.is_fresh()) => {
                    self.opener.state = State::Done;
                    return length + count;
                }
                Opened::Short(_) | Opened::Not => {
                    self.fail(ErrorKind::CannotOpen.into());
                    return length;
                }
            }
        }
        self.opener.stream.skip((length / CHUNK) as u64);
        if let Err(error) = read {
            self.fail(error);
        }
        length
    }

    /// What follows a full last chunk: `behind` bytes, and if they are less than a chunk, how reading on went.
    fn end(&mut self, behind: usize, reader_asked: bool, read: Result<()>) {
        match read {
            Err(error) if reader_asked => self.fail(error),
            _ if behind > 0 => self.fail(ErrorKind::CannotOpen.into()),
            _ => self.opener.state = State::Done,
        }
    }

    fn fail(&mut self, error: Error) {
        self.opener.state = State::Failed;
        self.fault = Some(error);
    }
}

/// A chunk to open.
struct Job<'a> {
    ahead: u64,
    sealed: &'a [u8],
    /// Whether the reader ended within it, so that it can only be the last one.
    short: bool,
    out: &'a mut [u8],
}

/// What a chunk is, and the length of its plaintext.
enum Opened {
    Before(usize),
    /// A full one that is the last.
    Last(usize),
    Short(usize),
    Not,
}

impl Job<'_> {
    fn open(self, stream: &Stream) -> Opened {
        let Self { ahead, sealed, short, out } = self;
        let mut open = |place| stream.open_ahead(ahead, sealed, out, place);
        if short {
            return open(Place::Last).map_or(Opened::Not, Opened::Short);
        }
        match open(Place::Before) {
            Some(length) => Opened::Before(length),
            None => open(Place::Last).map_or(Opened::Not, Opened::Last),
        }
    }
}
