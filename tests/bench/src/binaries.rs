//! Finds the functions' built binaries and measures their sizes.

use std::fs::File;
use std::io::{BufReader, Write, sink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use local::template;

use crate::table::{Row, Table};

const BUDGET_MB: f64 = 4.0;
/// The command that builds the binaries for this machine's processor.
pub(crate) const BUILD: &str = if cfg!(target_arch = "aarch64") {
    "infra/build arm64"
} else {
    "infra/build x86_64"
};
const FOLDER: &str = "CodeUri: ../functions/";

#[derive(Clone, Debug)]
pub(crate) struct Binary {
    pub(crate) function: String,
    pub(crate) path: PathBuf,
}

#[derive(Clone, Debug)]
pub(crate) struct Binaries {
    pub(crate) profile: &'static str,
    /// At most one per function.
    pub(crate) found: Vec<Binary>,
}

/// The deployed binaries, or else those of a release build; `None` if there are none.
pub(crate) fn built() -> Result<Option<Binaries>> {
    let program = std::env::current_exe()?;
    // <target>/<profile>/bench
    let target = program
        .ancestors()
        .nth(2)
        .context("this program is in a target folder")?;
    for place in [
        BuildOutput::Packed,
        BuildOutput::Deploy,
        BuildOutput::Release,
    ] {
        let found: Vec<Binary> = functions()
            .map(|function| Binary {
                function: function.to_owned(),
                path: place.path(target, function),
            })
            .filter(|binary| binary.path.is_file())
            .collect();
        if !found.is_empty() {
            return Ok(Some(Binaries {
                profile: place.profile(),
                found,
            }));
        }
    }
    Ok(None)
}

/// Where a build leaves its binaries.
#[derive(Clone, Copy)]
enum BuildOutput {
    /// Of `infra/build`.
    Packed,
    /// Of `cargo build --profile deploy`.
    Deploy,
    /// Of `cargo build --release`.
    Release,
}

impl BuildOutput {
    fn path(self, target: &Path, function: &str) -> PathBuf {
        match self {
            Self::Packed => target.join("lambda").join(function).join("bootstrap"),
            Self::Deploy => target.join("deploy").join(function),
            Self::Release => target.join("release").join(function),
        }
    }

    fn profile(self) -> &'static str {
        match self {
            Self::Packed | Self::Deploy => "deploy",
            Self::Release => "release",
        }
    }
}

fn functions() -> impl Iterator<Item = &'static str> {
    template::SOURCE
        .lines()
        .filter_map(|line| line.trim().strip_prefix(FOLDER))
}

pub(crate) fn row(table: &mut Table) -> Result<()> {
    let row = Row::new("deployed binary, zipped", "≤ 4 MB");
    let Some(Binaries {
        profile: "deploy",
        found,
    }) = built()?
    else {
        table.push(row.not_measured(format!("not built: {BUILD}")));
        return Ok(());
    };
    let mut sizes = Vec::new();
    for binary in &found {
        let raw = std::fs::metadata(&binary.path)?.len() as f64 / 1e6;
        sizes.push((zipped_mb(&binary.path)?, raw, binary.function.as_str()));
    }
    sizes.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (zipped, raw, largest) = *sizes.first().context("a binary is built")?;
    let each: Vec<String> = sizes
        .iter()
        .map(|(zipped, raw, function)| format!("{function} {zipped:.2} ({raw:.1})"))
        .collect();
    let text = format!(
        "{zipped:.2} MB, raw {raw:.1} MB ({largest}, the largest of {})",
        found.len()
    );
    let mut row = row
        .measured(text, &[(zipped, BUDGET_MB)])
        .note("MB zipped (raw):");
    for line in each.chunks(4) {
        row = row.note(line.join(", "));
    }
    table.push(row);
    Ok(())
}

/// The file's size in a zip archive (deflate, as `sam` and CDK pack it), in megabytes.
fn zipped_mb(path: &Path) -> Result<f64> {
    let mut encoder = DeflateEncoder::new(sink(), Compression::default());
    std::io::copy(&mut BufReader::new(File::open(path)?), &mut encoder)?;
    encoder.flush()?;
    encoder.try_finish()?;
    Ok(encoder.total_out() as f64 / 1e6)
}
