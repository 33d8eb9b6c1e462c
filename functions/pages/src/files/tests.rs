use std::io::Read;

use super::*;

fn text(file: &File) -> &str {
    std::str::from_utf8(file.plain).unwrap()
}

/// Whatever documents and scripts refer to is there, so that no page waits for what never comes.
#[test]
fn nothing_leads_nowhere() {
    let documents = FILES.iter().filter(|file| file.is_document());
    for document in documents.clone() {
        let links = text(document)
            .split('"')
            .filter(|part| part.starts_with("/a/"));
        for link in links {
            assert!(File::at(link).is_some(), "{} needs {link}", document.path);
        }
        assert!(
            text(document).contains("modulepreload"),
            "{}",
            document.path
        );
    }
    assert!(documents.count() >= 6 && File::not_found().is_some());
    let scripts = FILES.iter().filter(|file| file.path.ends_with(".js"));
    for script in scripts {
        let imports = text(script)
            .split("'")
            .filter(|part| part.starts_with("./") || part.starts_with("../"));
        for import in imports.filter(|import| import.ends_with(".js") && !import.contains(' ')) {
            let mut folders: Vec<_> = script.path.split('/').collect();
            folders.pop();
            for part in import.split('/') {
                match part {
                    "." => {}
                    ".." => drop(folders.pop()),
                    part => folders.push(part),
                }
            }
            let path = folders.join("/");
            assert!(File::at(&path).is_some(), "{} imports {path}", script.path);
        }
    }
}

/// A page's path never changes its content: every asset's has the hash of all.
#[test]
fn every_asset_is_below_the_hash_of_all() {
    for file in FILES.iter().filter(|file| !file.is_document()) {
        assert!(
            file.path.starts_with(&format!("/a/{VERSION}/")),
            "{}",
            file.path
        );
    }
    for document in FILES.iter().filter(|file| file.is_document()) {
        assert!(!text(document).contains("\"/a/web"), "{}", document.path);
    }
}

#[test]
fn what_is_sent_zipped_is_the_same() {
    for file in FILES {
        let mut unzipped = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(file.gzip);
        decoder.read_to_end(&mut unzipped).unwrap();
        assert!(unzipped == file.plain, "{}", file.path);
    }
}

/// The policy allows none, so that it would not run.
#[test]
fn no_document_has_a_script_or_a_style_in_it() {
    for document in FILES.iter().filter(|file| file.is_document()) {
        let text = text(document);
        let ours = text.matches("<script type=\"module\" src=\"/a/").count();
        assert_eq!(text.matches("<script").count(), ours);
        let is_inline = |word: &str| word.contains('=') && word.starts_with("on");
        assert!(!text.contains("<style") && !text.contains("style="));
        assert!(!text.split_whitespace().any(is_inline), "{}", document.path);
    }
}

#[test]
fn gzip_is_sent_to_who_takes_it() {
    for (accept, takes) in [
        ("", false),
        ("gzip", true),
        ("deflate, GZIP;q=0.5, br", true),
        ("gzip;q=0", false),
        ("br", false),
        ("x-gzip-like", false),
    ] {
        assert_eq!(takes_gzip(accept), takes, "{accept:?}");
    }
}
