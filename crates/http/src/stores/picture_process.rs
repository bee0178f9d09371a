//! Pictures are looked at by a child process, one at a time: what strangers' bytes make a decoder take of memory and time ends with it.
//!
//! It is this program again, with nothing in its environment, the picture as its standard input and a file without a name as its output.

use std::{
    fs::File,
    io::{self, Read, Seek, Write},
    path::Path,
    process::{ExitCode, Stdio},
    time::Duration,
};

use cheapbob_domain::{
    shared::{Error, Refusal},
    stores::{
        ImageKind,
        error::{DAMAGED_IMAGE, TOO_MANY_PIXELS, UNSUPPORTED_IMAGE},
    },
};
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::{process::Command, sync::Semaphore, task::spawn_blocking, time::timeout};

use super::picture;
use crate::error::{ApiError, Result};

/// The command of this program that looks at a picture.
pub(crate) const COMMAND: &str = "look-at-picture";

/// What the child may have in memory, in bytes. A picture of 24 megapixels takes 150 MB at most; a file of 1 MB can ask for gigabytes
/// of tables.
const MEMORY: u64 = 192 << 20;

/// How long it may take. The largest picture takes a second.
const TIME: Duration = Duration::from_secs(20);

/// The child's allocator takes memory as it is needed: otherwise it has a gigabyte before the limit is set.
const ALLOCATOR: (&str, &str) = ("MIMALLOC_ARENA_RESERVE", "0");

/// Each takes as much as all the rest of the process.
static CHILD: Semaphore = Semaphore::const_new(1);

type Verdict = std::result::Result<ImageKind, Refusal>;

/// How the child says what it has found. Other ends are none of these: 101 is a panic.
const VERDICTS: [(u8, Verdict); 6] = [
    (0, Ok(ImageKind::Jpeg)),
    (10, Ok(ImageKind::Png)),
    (11, Ok(ImageKind::Webp)),
    (20, Err(UNSUPPORTED_IMAGE)),
    (21, Err(DAMAGED_IMAGE)),
    (22, Err(TOO_MANY_PIXELS)),
];

/// In the child: looks at standard input, writes what is kept of it to standard output, and says what it is by its exit code.
pub(crate) fn run() -> ExitCode {
    let verdict = limit().and_then(|()| look());
    let code = match verdict {
        Ok(verdict) => VERDICTS.iter().find(|(_, known)| *known == verdict).map(|(code, _)| *code),
        Err(_) => None,
    };
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

fn limit() -> io::Result<()> {
    let most = |most| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::Data, most(MEMORY))?;
    // Where nobody is left to end it.
    setrlimit(Resource::Cpu, most(TIME.as_secs()))?;
    setrlimit(Resource::Core, most(0))?;
    Ok(())
}

fn look() -> io::Result<Verdict> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    match picture::inspect(bytes) {
        Ok((kind, kept)) => {
            let mut output = io::stdout().lock();
            output.write_all(&kept)?;
            output.flush()?;
            Ok(Ok(kind))
        }
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// Has `picture` looked at by `program`, which is this one; gives its kind and the bytes that are kept of it.
///
/// # Errors
/// - `unsupported_image`: neither JPEG, PNG nor WebP.
/// - `damaged_image`: cut off, broken, or of a rare sort that browsers do not show either.
/// - `too_many_pixels`: over 24 megapixels, or more memory or time than a picture below that takes.
/// - Unavailable: this machine has no room for the files.
pub(super) async fn inspect(program: &Path, picture: File) -> Result<(ImageKind, Vec<u8>)> {
    let of_machine = |error: io::Error| ApiError::from(Error::unavailable("a process to look at pictures", error));
    let _one = CHILD.acquire().await.map_err(|error| ApiError::from(Error::internal(error)))?;
    let mut kept = tempfile::tempfile().map_err(of_machine)?;
    let mut child = Command::new(program);
    child.arg(COMMAND).env_clear().env(ALLOCATOR.0, ALLOCATOR.1).kill_on_drop(true);
    child.stdin(picture).stdout(kept.try_clone().map_err(of_machine)?).stderr(Stdio::null());
    let mut child = child.spawn().map_err(of_machine)?;
    let status = match timeout(TIME, child.wait()).await {
        Ok(status) => status.map_err(of_machine)?,
        Err(_) => {
            child.kill().await.map_err(of_machine)?;
            return Err(TOO_MANY_PIXELS.into());
        }
    };
    // Without a code it was ended: by its limits, as the system or its allocator see to them.
    let Some(code) = status.code() else { return Err(TOO_MANY_PIXELS.into()) };
    let verdict = VERDICTS.iter().find(|(known, _)| i32::from(*known) == code).map(|(_, verdict)| *verdict);
    let kind = verdict.ok_or_else(|| Error::internal(format!("the process that looks at a picture ended with {status}")))??;
    let read = spawn_blocking(move || {
        let mut bytes = Vec::new();
        kept.rewind()?;
        kept.read_to_end(&mut bytes)?;
        Ok::<_, io::Error>(bytes)
    });
    let bytes = read.await.map_err(|error| ApiError::from(Error::internal(error)))?.map_err(of_machine)?;
    Ok((kind, bytes))
}
