//! The command line.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use data_encoding::HEXLOWER;

use crate::badges::{self, Keys, StatusList};
use crate::chain;
use crate::export::{Export, read_hash};
use crate::json;
use crate::log;
use crate::merkle::Hash;
use crate::note::{self, Checkpoint, Key};
use crate::proofs::{self, Consistency, Inclusion, WantedLeaves};
use crate::report::{Report, Unusable};

/// Everything holds.
const VERIFIED: u8 = 0;
/// Something does not hold.
const REFUTED: u8 = 1;
/// The input cannot be used.
const UNUSABLE: u8 = 2;

/// In bytes; real files are smaller.
const LARGEST_FILE: u64 = 4 << 30;

/// Verifies what Homehail says of its past: chains of events, the transparency log, checkpoints and badges. Needs no
/// network and no secret, and shares no code with the platform.
///
/// Exit status: 0 if all was verified; 1 if anything was altered, removed, put elsewhere, forked or cut off (standard
/// error names the place); 2 if the input cannot be used, or does not say where a chain ends. A file `-` is standard input.
#[derive(Parser)]
#[command(name = "homehail-audit", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A worker's chain: every event is there, once, unaltered, behind the one before it.
    ///
    /// Takes the pages that `GET /v1/workers/{worker_id}/trace` answers, in order, of one worker or of several one after the
    /// other. That nothing is cut off is told by the `head` of the last page, or by --head. Where neither says where a chain
    /// ends, it is not verified, and the exit status is 2: events that came while pages were read leave the last one without a
    /// `head`, and getting it again brings it.
    Chain(ChainArguments),
    /// All events of the log under the root that a checkpoint signs.
    Log(LogArguments),
    /// Inclusion proofs, as `GET /v1/log/proof/inclusion` answers them.
    Inclusion(InclusionArguments),
    /// Consistency proofs, as `GET /v1/log/proof/consistency` answers them: the log only grew.
    Consistency(ConsistencyArguments),
    /// Signed checkpoints, as `GET /v1/log/checkpoint` answers them; two of one size and different roots are a fork.
    Checkpoint(CheckpointArguments),
    /// A batch of badges, offline: a number of 193 digits or a link with it, one a line.
    Badges(BadgeArguments),
}

#[derive(Args)]
struct ChainArguments {
    /// Pages or items, as JSON or JSON Lines.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The hash of the last event, if it is known from elsewhere.
    #[arg(long, value_name = "HASH", value_parser = hash)]
    head: Option<Hash>,
}

#[derive(Args)]
struct LogArguments {
    /// Chains of all workers, as JSON or JSON Lines, in any order between workers. The checkpoint tells that none is cut off.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The signed checkpoint.
    #[arg(long, value_name = "FILE")]
    checkpoint: PathBuf,
    #[command(flatten)]
    keys: KeyArguments,
}

#[derive(Args)]
struct InclusionArguments {
    /// Proofs, as JSON or JSON Lines.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The hash of the event that every one of them must be of.
    #[arg(long, value_name = "HASH", value_parser = hash, conflicts_with = "chain")]
    event: Option<Hash>,
    /// An exported chain, each event of which must be proven at the place that it names: its pages, as for `chain`.
    #[arg(long, value_name = "FILE")]
    chain: Vec<PathBuf>,
    /// The signed checkpoint whose root the proofs must lead to.
    #[arg(long, value_name = "FILE", requires = "key")]
    checkpoint: Option<PathBuf>,
    #[command(flatten)]
    keys: OptionalKeyArguments,
}

#[derive(Args)]
struct ConsistencyArguments {
    /// Proofs, as JSON or JSON Lines.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The earlier checkpoint.
    #[arg(long, value_name = "FILE", requires = "key")]
    from: Option<PathBuf>,
    /// The later checkpoint.
    #[arg(long, value_name = "FILE", requires = "key")]
    to: Option<PathBuf>,
    #[command(flatten)]
    keys: OptionalKeyArguments,
}

#[derive(Args)]
struct CheckpointArguments {
    /// Checkpoints, one a file.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    keys: KeyArguments,
}

#[derive(Args)]
struct KeyArguments {
    /// A key that signs checkpoints, `<name>+<id>+<base64>`; or `@FILE` with one a line. `GET /v1/log/keys` has them, but an
    /// auditor should have it from elsewhere.
    #[arg(long = "key", value_name = "KEY", required = true)]
    key: Vec<String>,
}

#[derive(Args)]
struct OptionalKeyArguments {
    /// A key that signs checkpoints, `<name>+<id>+<base64>`; or `@FILE` with one a line.
    #[arg(long = "key", value_name = "KEY")]
    key: Vec<String>,
}

#[derive(Args)]
struct BadgeArguments {
    /// The badges.
    file: PathBuf,
    /// Public keys: the JWK set of `GET /.well-known/jwks.json`.
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// A status list, as `GET /v1/badge-status-list` answers it.
    #[arg(long, value_name = "FILE")]
    status_list: Vec<PathBuf>,
    /// The time that is asked about, in RFC 3339; now unless given.
    #[arg(long, value_name = "TIME")]
    at: Option<jiff::Timestamp>,
}

/// Runs the command that the arguments name, and returns its exit status.
pub fn run<I>(arguments: I, out: &mut impl Write, err: &mut impl Write) -> u8
where
    I: IntoIterator<Item: Into<OsString> + Clone>,
{
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers, and go where answers go.
            let rendered = error.render();
            return if error.use_stderr() {
                let _ = write!(err, "{rendered}");
                UNUSABLE
            } else {
                let _ = write!(out, "{rendered}");
                VERIFIED
            };
        }
    };
    match examine(&arguments.command) {
        Ok(report) => tell(&report, out, err),
        Err(unusable) => {
            let _ = writeln!(err, "unusable: {unusable}");
            UNUSABLE
        }
    }
}

/// Prints the report. If nobody reads it, the exit status still says the same.
fn tell(report: &Report, out: &mut impl Write, err: &mut impl Write) -> u8 {
    for line in &report.verified {
        let _ = writeln!(out, "verified: {line}");
    }
    for refuted in &report.refuted {
        let _ = writeln!(err, "REFUTED: {refuted}");
    }
    if report.holds() { VERIFIED } else { REFUTED }
}

fn examine(command: &Command) -> Result<Report, Unusable> {
    match command {
        Command::Chain(arguments) => {
            let export = export(&arguments.files)?;
            Ok(chain::verify(&export, arguments.head)?.whole()?.report)
        }
        Command::Log(arguments) => {
            let keys = keys(&arguments.keys.key)?;
            let mut chains = chain::verify(&export(&arguments.files)?, None)?;
            match checkpoint(&arguments.checkpoint, &keys)? {
                Ok(signed) if chains.report.holds() => {
                    let log = log::verify(&chains.events, signed.size, &signed.root);
                    chains.report.verified.extend(log.verified);
                    chains.report.refuted.extend(log.refuted);
                }
                Ok(_) => {}
                Err(refuted) => chains.report.refuted.push(refuted),
            }
            Ok(chains.report)
        }
        Command::Inclusion(arguments) => included(arguments),
        Command::Consistency(arguments) => consistent(arguments),
        Command::Checkpoint(arguments) => signed(arguments),
        Command::Badges(arguments) => worn(arguments),
    }
}

fn signed(arguments: &CheckpointArguments) -> Result<Report, Unusable> {
    let keys = keys(&arguments.keys.key)?;
    let mut report = Report::default();
    let mut roots: BTreeMap<(String, u64), (String, Hash)> = BTreeMap::new();
    for file in &arguments.files {
        let signed = match checkpoint(file, &keys)? {
            Ok(signed) => signed,
            Err(refuted) => {
                report.refuted.push(refuted);
                continue;
            }
        };
        let place = name(file);
        let root = HEXLOWER.encode(&signed.root);
        let line = format!(
            "{place}: {} signed a tree of {} under {root}",
            signed.origin, signed.size
        );
        match roots.entry((signed.origin, signed.size)) {
            // Whoever signs both shows one past to some people, and another to others.
            Entry::Occupied(other) if other.get().1 != signed.root => report.refute(
                &place,
                format!(
                    "the log forks: its tree of {} is signed under {root}, and in {} under {}",
                    signed.size,
                    other.get().0,
                    HEXLOWER.encode(&other.get().1)
                ),
            ),
            entry => {
                entry.or_insert((place, signed.root));
                report.verify(line);
            }
        }
    }
    Ok(report)
}

fn included(arguments: &InclusionArguments) -> Result<Report, Unusable> {
    let keys = keys(&arguments.keys.key)?;
    let proofs = values(&arguments.files, Inclusion::read)?;
    let signed = arguments.checkpoint.as_deref();
    let signed = signed.map(|file| checkpoint(file, &keys)).transpose()?;
    let signed = match signed.transpose() {
        Ok(signed) => signed,
        Err(refuted) => return Ok(refuted_alone(refuted)),
    };
    if arguments.chain.is_empty() {
        let wanted = arguments
            .event
            .map_or(WantedLeaves::Anything, WantedLeaves::Hash);
        return Ok(proofs::inclusion(&proofs, wanted, signed.as_ref()));
    }
    let chains = chain::verify(&export(&arguments.chain)?, None)?.whole()?;
    let mut report = chains.report;
    if report.holds() {
        let wanted = WantedLeaves::Events(&chains.events);
        let included = proofs::inclusion(&proofs, wanted, signed.as_ref());
        report.verified.extend(included.verified);
        report.refuted.extend(included.refuted);
    }
    Ok(report)
}

fn consistent(arguments: &ConsistencyArguments) -> Result<Report, Unusable> {
    let keys = keys(&arguments.keys.key)?;
    let proofs = values(&arguments.files, Consistency::read)?;
    let mut signed = Vec::new();
    for file in [&arguments.from, &arguments.to] {
        match file
            .as_deref()
            .map(|file| checkpoint(file, &keys))
            .transpose()?
            .transpose()
        {
            Ok(checkpoint) => signed.push(checkpoint),
            Err(refuted) => return Ok(refuted_alone(refuted)),
        }
    }
    let of = |place: usize| signed.get(place).and_then(Option::as_ref);
    Ok(proofs::consistency(&proofs, of(0), of(1)))
}

fn worn(arguments: &BadgeArguments) -> Result<Report, Unusable> {
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever audits asks about now, and this is the one place that looks"
    )]
    let at = arguments
        .at
        .unwrap_or_else(jiff::Timestamp::now)
        .as_second();
    let keys = Keys::read(&name(&arguments.keys), &read(&arguments.keys)?)?;
    let mut lists = Vec::new();
    for file in &arguments.status_list {
        match StatusList::read(&name(file), &read(file)?, &keys, at)? {
            Ok(list) => lists.push(list),
            Err(refuted) => return Ok(refuted_alone(refuted)),
        }
    }
    badges::verify(
        &name(&arguments.file),
        &read(&arguments.file)?,
        &keys,
        &lists,
        at,
    )
}

fn refuted_alone(refuted: crate::report::Refuted) -> Report {
    Report {
        refuted: vec![refuted],
        ..Report::default()
    }
}

fn export(files: &[PathBuf]) -> Result<Export, Unusable> {
    let mut export = Export::default();
    for file in files {
        export.read(&name(file), &read(file)?)?;
    }
    Ok(export)
}

fn values<T>(
    files: &[PathBuf],
    read_one: impl Fn(String, &serde_json::Value) -> Result<T, Unusable>,
) -> Result<Vec<T>, Unusable> {
    let mut all = Vec::new();
    for file in files {
        let name = name(file);
        for (place, value) in json::values(&name, &read(file)?)?.iter().enumerate() {
            all.push(read_one(format!("{name}, proof {}", place + 1), value)?);
        }
    }
    if all.is_empty() {
        return Err(Unusable::new("the input", "there is no proof in it"));
    }
    Ok(all)
}

type Verified = Result<Checkpoint, crate::report::Refuted>;

fn checkpoint(file: &Path, keys: &[Key]) -> Result<Verified, Unusable> {
    Ok(note::verify(&name(file), &read(file)?, keys))
}

fn keys(given: &[String]) -> Result<Vec<Key>, Unusable> {
    let mut keys = Vec::new();
    for text in given {
        match text.strip_prefix('@') {
            Some(file) => {
                for line in read(Path::new(file))?
                    .lines()
                    .filter(|line| !line.is_empty())
                {
                    keys.push(Key::parse(line)?);
                }
            }
            None => keys.push(Key::parse(text)?),
        }
    }
    Ok(keys)
}

fn name(file: &Path) -> String {
    if file == Path::new("-") {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    }
}

fn read(file: &Path) -> Result<String, Unusable> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin()
            .take(LARGEST_FILE)
            .read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(LARGEST_FILE).read_to_string(&mut text))
    };
    read.map_err(|error| Unusable::new(name(file), error.to_string()))?;
    Ok(text)
}

fn hash(text: &str) -> Result<Hash, String> {
    read_hash(text).ok_or_else(|| "must be 64 small hexadecimal digits".to_owned())
}
