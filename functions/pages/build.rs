//! Lists the pages' files, so that the function holds them: what is served is what lies in the folders, scripts without their
//! comments.
//!
//! Documents are served by their name, `web/order.html` as `/order`. All else is served under `/a/<hash>/`, in the folders that it
//! has here, so that modules import each other by relative paths; the hash is over all of these files. Documents say `/a/web/…`,
//! and get the hash here, with a hint for each module that their script imports: browsers then ask for all of them at once.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// By path from this crate's folder.
type Files = BTreeMap<String, Vec<u8>>;

fn main() -> Result<()> {
    let mut files = Files::new();
    for folder in ["web", "miniprogram/logic"] {
        println!("cargo::rerun-if-changed={folder}");
        read_folder(Path::new(folder), &mut files)?;
    }
    let version = version(&files);
    #[expect(
        clippy::disallowed_methods,
        reason = "it is Cargo that says where, and says it so"
    )]
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut code = format!(
        "/// Stands for all files as they are.\n#[cfg(test)]\npub(crate) const VERSION: &str = {version:?};\npub(crate) static FILES: &[File] = &[\n"
    );
    for (number, (name, content)) in files.iter().enumerate() {
        let (path, content) = match document(name) {
            Some(path) => (path, written_out(name, &files, &version)?),
            None if name.ends_with(".js") => {
                (format!("/a/{version}/{name}"), without_comments(content)?)
            }
            None => (format!("/a/{version}/{name}"), content.clone()),
        };
        let media_type = media_type(name).ok_or_else(|| format!("{name} has no media type"))?;
        let etag = hex(&Sha256::digest(&content)[..16]);
        let (plain, zipped) = (
            out.join(number.to_string()),
            out.join(format!("{number}.gz")),
        );
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&content)?;
        fs::write(&zipped, gzip.finish()?)?;
        fs::write(&plain, content)?;
        writeln!(
            code,
            "    File {{ path: {path:?}, media_type: {media_type:?}, etag: \"\\\"{etag}\\\"\", plain: include_bytes!({plain:?}), gzip: include_bytes!({zipped:?}) }},"
        )?;
    }
    code.push_str("];\n");
    fs::write(out.join("files.rs"), code)?;
    Ok(())
}

fn read_folder(folder: &Path, files: &mut Files) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_folder(&path, files)?;
        } else {
            let name = path.to_str().ok_or("a file's name is not UTF-8")?;
            files.insert(name.replace('\\', "/"), fs::read(&path)?);
        }
    }
    Ok(())
}

fn version(files: &Files) -> String {
    let mut hash = Sha256::new();
    for (name, content) in files {
        hash.update(format!("{name}\0{}\0", content.len()));
        hash.update(content);
    }
    hex(&hash.finalize()[..8])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Where a document is served: `/` for `web/index.html`, `/order` for `web/order.html`.
fn document(name: &str) -> Option<String> {
    let page = name.strip_prefix("web/")?.strip_suffix(".html")?;
    Some(if page == "index" {
        "/".to_owned()
    } else {
        format!("/{page}")
    })
}

/// The document with the hash in its links, and with hints for its modules.
fn written_out(name: &str, files: &Files, version: &str) -> Result<Vec<u8>> {
    let text = std::str::from_utf8(&files[name])?;
    let mut modules = Vec::new();
    if let Some((_, rest)) = text.split_once("<script type=\"module\" src=\"/a/") {
        let script = rest.split('"').next().unwrap_or_default();
        add_imports(script, files, &mut modules)?;
    }
    let hints = modules.iter().fold(String::new(), |mut hints, module| {
        let _ = writeln!(hints, "<link rel=\"modulepreload\" href=\"/a/{module}\">");
        hints
    });
    let text = text.replace("</head>", &format!("{hints}</head>"));
    Ok(text
        .replace("\"/a/", &format!("\"/a/{version}/"))
        .into_bytes())
}

/// Adds what a module imports, and what that imports.
fn add_imports(module: &str, files: &Files, found: &mut Vec<String>) -> Result<()> {
    let content = files
        .get(module)
        .ok_or_else(|| format!("there is no {module}"))?;
    for line in std::str::from_utf8(content)?.lines() {
        if !(line.starts_with("import ") || line.starts_with("export ") || line.starts_with('}')) {
            continue;
        }
        let Some((_, rest)) = line.split_once("from '") else {
            continue;
        };
        let given = rest.split('\'').next().unwrap_or_default();
        let imported = joined(module, given);
        if !found.contains(&imported) {
            found.push(imported.clone());
            add_imports(&imported, files, found)?;
        }
    }
    Ok(())
}

/// What `./` and `../` of a module lead to.
fn joined(module: &str, given: &str) -> String {
    let mut folders: Vec<&str> = module.split('/').collect();
    folders.pop();
    for part in given.split('/') {
        match part {
            "." => {}
            ".." => {
                folders.pop();
            }
            part => folders.push(part),
        }
    }
    folders.join("/")
}

/// A script without the comments that have lines of their own, of which an empty line is left: faults are told by line.
fn without_comments(script: &[u8]) -> Result<Vec<u8>> {
    let mut is_inside = false;
    let mut kept = String::new();
    for line in std::str::from_utf8(script)?.lines() {
        let text = line.trim();
        is_inside |= text.starts_with("/**");
        if !is_inside && !text.starts_with("//") {
            kept.push_str(line);
        }
        // What follows a comment on its last line stays.
        if is_inside && let Some((_, rest)) = text.split_once("*/") {
            kept.push_str(rest.trim_start());
            is_inside = false;
        }
        kept.push('\n');
    }
    Ok(kept.into_bytes())
}

fn media_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    })
}
