//! Installation: the libraries, the headers and the pkg-config file, under a prefix.

use std::fs;
use std::path::Path;

use super::{Result, VERSION, build, root};

/// What a program links with besides the static library.
pub(super) const SYSTEM_LIBRARIES: [&str; 6] = ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl"];

/// Builds in release mode and installs under `prefix`, which is created if need be.
pub(crate) fn install(prefix: &Path) -> Result<()> {
    let built = build(true)?;
    place(&built, prefix)
}

/// Copies what was built to its places.
pub(super) fn place(built: &Path, prefix: &Path) -> Result<()> {
    fs::create_dir_all(prefix)?;
    let prefix = fs::canonicalize(prefix)?;
    let (lib, include) = (prefix.join("lib"), prefix.join("include"));
    fs::create_dir_all(lib.join("pkgconfig"))?;
    fs::create_dir_all(&include)?;
    for header in ["bisik.h", "bisik.hpp"] {
        fs::copy(root().join("include").join(header), include.join(header))?;
    }
    fs::copy(built.join("libbisik_capi.a"), lib.join("libbisik.a"))?;
    let full = format!("libbisik.so.{VERSION}");
    fs::copy(built.join("libbisik_capi.so"), lib.join(&full))?;
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
    fs::write(lib.join("pkgconfig/bisik.pc"), text)?;
    Ok(())
}

/// Makes a symbolic link, in place of one that is there.
fn link(to: &str, at: &Path) -> Result<()> {
    if fs::symlink_metadata(at).is_ok() {
        fs::remove_file(at)?;
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(to, at)?;
    #[cfg(not(unix))]
    fs::copy(at.with_file_name(to), at).map(drop)?;
    Ok(())
}
