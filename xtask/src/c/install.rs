//! Installation: the libraries, the headers and the pkg-config file, under a prefix.

use std::fs;
use std::path::Path;

use super::{VERSION, at, build, copy, folder, write};
use crate::{Outcome, root};

/// What a program links with besides the static library.
pub(super) const SYSTEM_LIBRARIES: [&str; 6] = ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl"];

/// What a program includes.
pub(super) const HEADERS: [&str; 5] = ["bisik.h", "bisik.hpp", "bisik_blind.hpp", "bisik_desk.hpp", "bisik_life.hpp"];

/// Builds in release mode and installs under `prefix`, which is created if need be.
pub(super) fn install(prefix: &Path) -> Outcome {
    let built = build(true)?;
    place(&built, prefix)
}

/// Copies what was built to its places.
pub(super) fn place(built: &Path, prefix: &Path) -> Outcome {
    folder(prefix)?;
    let prefix = at(prefix, fs::canonicalize(prefix))?;
    let (lib, include) = (prefix.join("lib"), prefix.join("include"));
    folder(&lib.join("pkgconfig"))?;
    folder(&include)?;
    for header in HEADERS {
        copy(&root().join("include").join(header), &include.join(header))?;
    }
    copy(&built.join("libbisik_capi.a"), &lib.join("libbisik.a"))?;
    let full = format!("libbisik.so.{VERSION}");
    copy(&built.join("libbisik_capi.so"), &lib.join(&full))?;
    let major = VERSION.split('.').next().unwrap_or_default();
    link(&full, &lib.join(format!("libbisik.so.{major}")))?;
    link(&format!("libbisik.so.{major}"), &lib.join("libbisik.so"))?;
    let shown = prefix.display();
    let private = SYSTEM_LIBRARIES.join(" ");
    let text = format!(
        "prefix={shown}\nlibdir=${{prefix}}/lib\nincludedir=${{prefix}}/include\n\nName: bisik\nDescription: Share scam \
         indicators protected, and match them\nVersion: {VERSION}\nLibs: -L${{libdir}} -lbisik\nLibs.private: {private}\nCflags: \
         -I${{includedir}}\n"
    );
    write(&lib.join("pkgconfig/bisik.pc"), text)
}

/// Makes a symbolic link, in place of one that is there.
fn link(to: &str, path: &Path) -> Outcome {
    if fs::symlink_metadata(path).is_ok() {
        at(path, fs::remove_file(path))?;
    }
    #[cfg(unix)]
    return at(path, std::os::unix::fs::symlink(to, path));
    #[cfg(not(unix))]
    copy(&path.with_file_name(to), path)
}
