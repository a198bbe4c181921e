//! The tests in C and C++: compiled strictly, linked both ways, run plain, under valgrind, and with ASan and UBSan.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::install::{SYSTEM_LIBRARIES, place};
use super::{Result, build, header, output, root, run, target, vectors};

const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
const C: [&str; 2] = ["-std=c99", "-D_POSIX_C_SOURCE=200809L"];
const CPP: [&str; 1] = ["-std=c++17"];
/// What the test programs are named after; each is a file in `tests/c`.
const PROGRAMS: [&str; 6] = ["round.c", "hostile.c", "arrow.c", "threads.c", "vectors.c", "wrapper.cpp"];
/// What the examples are named after.
const EXAMPLES: [&str; 3] = ["c/publish.c", "c/match.c", "cpp/round.cpp"];

/// Runs everything; `--release` tests the optimised library, `--plain` leaves valgrind and the sanitizers out.
pub(crate) fn tests(options: &[&str]) -> Result<()> {
    if options.iter().any(|option| !["--release", "--plain"].contains(option)) {
        return Err("c-tests takes --release and --plain".into());
    }
    header::header(true)?;
    every_function_is_tried()?;
    let built = build(options.contains(&"--release"))?;
    let folder = target().join("c-tests");
    fs::create_dir_all(&folder)?;
    let suite = Suite { prefix: folder.join("prefix"), folder };
    place(&built, &suite.prefix)?;
    vectors::write(&suite.folder.join("vectors"))?;
    suite.symbols()?;
    suite.headers_alone()?;
    for program in PROGRAMS {
        let source = root().join("tests/c").join(program);
        suite.run(&source, Linking::Shared, Tool::None)?;
        suite.run(&source, Linking::Static, Tool::None)?;
        if !options.contains(&"--plain") {
            suite.run(&source, Linking::Shared, Tool::Valgrind)?;
            suite.run(&source, Linking::Static, Tool::Sanitizers)?;
        }
    }
    for example in EXAMPLES {
        let source = root().join("examples").join(example);
        suite.run(&source, Linking::Shared, Tool::None)?;
    }
    suite.java()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Linking {
    Shared,
    Static,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Tool {
    None,
    Valgrind,
    Sanitizers,
}

struct Suite {
    folder: PathBuf,
    prefix: PathBuf,
}

impl Suite {
    /// Compiles one program and runs it in its own empty folder.
    fn run(&self, source: &Path, linking: Linking, tool: Tool) -> Result<()> {
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let program = self.folder.join(format!("{name}-{linking:?}-{tool:?}").to_lowercase());
        let mut compiler = compiler(source);
        compiler.args(["-g", "-o"]).arg(&program).arg(source).arg("-I").arg(self.prefix.join("include"));
        if tool == Tool::Sanitizers {
            compiler.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]);
        }
        let lib = self.prefix.join("lib");
        match linking {
            Linking::Shared => compiler.arg("-L").arg(&lib).arg("-lbisik").arg(format!("-Wl,-rpath,{}", lib.display())),
            Linking::Static => compiler.arg(lib.join("libbisik.a")).args(SYSTEM_LIBRARIES),
        };
        compiler.arg("-lpthread");
        run(&mut compiler)?;
        let work = self.folder.join("work");
        _ = fs::remove_dir_all(&work);
        fs::create_dir_all(&work)?;
        let mut command = if tool == Tool::Valgrind {
            let mut valgrind = Command::new("valgrind");
            valgrind.args(["-q", "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible"]);
            valgrind.args(["--errors-for-leak-kinds=definite,indirect,possible", "--fair-sched=yes"]).arg(&program);
            valgrind
        } else {
            Command::new(&program)
        };
        run(command.arg(&work).arg(self.folder.join("vectors")).current_dir(&work))?;
        println!("ok  {name}: {linking:?} {tool:?}");
        Ok(())
    }

    /// The headers compile alone, and the C one is C++ too.
    fn headers_alone(&self) -> Result<()> {
        let include = root().join("include");
        for (language, standard, header) in
            [("c", "-std=c99", "bisik.h"), ("c++", "-std=c++17", "bisik.h"), ("c++", "-std=c++17", "bisik.hpp")]
        {
            let mut compiler = Command::new(if language == "c" { "gcc" } else { "g++" });
            compiler.args(WARNINGS).args([standard, "-fsyntax-only", "-x", language]).arg(include.join(header));
            run(&mut compiler)?;
            println!("ok  {header}: alone, {standard}");
        }
        Ok(())
    }

    /// The shared library exports nothing but what the header declares, has its SONAME, and pkg-config finds it.
    fn symbols(&self) -> Result<()> {
        let library = self.prefix.join("lib/libbisik.so");
        let text = output(Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(&library))?;
        let mut exported: Vec<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
        exported.sort_unstable();
        let header = fs::read_to_string(root().join("include/bisik.h"))?;
        let mut declared = functions(&header);
        declared.sort_unstable();
        if exported != declared {
            let odd: Vec<_> = exported.iter().filter(|name| !declared.contains(name)).collect();
            let missing: Vec<_> = declared.iter().filter(|name| !exported.contains(name)).collect();
            return Err(format!("exported and not declared: {odd:?}; declared and not exported: {missing:?}").into());
        }
        let dynamic = output(Command::new("readelf").arg("-d").arg(&library))?;
        let major = super::VERSION.split('.').next().unwrap_or_default();
        if !dynamic.contains(&format!("[libbisik.so.{major}]")) {
            return Err("the shared library has no SONAME".into());
        }
        let mut config = Command::new("pkg-config");
        config.env("PKG_CONFIG_PATH", self.prefix.join("lib/pkgconfig"));
        let version = output(config.args(["--modversion", "bisik"]))?;
        if version.trim() != super::VERSION {
            return Err(format!("pkg-config says version {version}").into());
        }
        println!("ok  {} exported functions, SONAME, pkg-config", exported.len());
        Ok(())
    }

    /// The Java example, which is its own test, where a JDK is.
    fn java(&self) -> Result<()> {
        let Ok(home) = java_home() else {
            println!("--  examples/java: no JDK here");
            return Ok(());
        };
        let (source, work) = (root().join("examples/java"), self.folder.join("java"));
        fs::create_dir_all(&work)?;
        let mut compiler = compiler(Path::new("Bisik.c"));
        compiler.args(["-shared", "-fPIC", "-o"]).arg(work.join("libbisikjni.so")).arg(source.join("bisik_jni.c"));
        compiler.arg("-I").arg(self.prefix.join("include")).arg("-I").arg(home.join("include"));
        compiler.arg("-I").arg(home.join("include/linux")).arg(self.prefix.join("lib/libbisik.a")).args(SYSTEM_LIBRARIES);
        run(&mut compiler)?;
        run(Command::new("javac").args(["-Xlint:all", "-Werror", "-d"]).arg(&work).arg(source.join("Bisik.java")).arg(source.join("Match.java")))?;
        let vectors = self.folder.join("vectors");
        let mut java = Command::new("java");
        java.arg("-Xcheck:jni").arg(format!("-Djava.library.path={}", work.display())).arg("-cp").arg(&work);
        let text = output(java.arg("Match").arg(vectors.join("card.txt")).arg(vectors.join("domains")))?;
        if text.contains("WARNING") || !text.contains("2 of 4") {
            return Err(format!("examples/java says:\n{text}").into());
        }
        println!("ok  examples/java");
        Ok(())
    }
}

fn compiler(source: &Path) -> Command {
    let cpp = source.extension().is_some_and(|extension| extension == "cpp");
    let mut command = Command::new(if cpp { "g++" } else { "gcc" });
    command.args(WARNINGS).args(if cpp { &CPP[..] } else { &C });
    command
}

/// The folder of the JDK that `javac` belongs to.
fn java_home() -> Result<PathBuf> {
    let path = output(Command::new("sh").args(["-c", "readlink -f \"$(command -v javac)\""]))?;
    let home = Path::new(path.trim()).parent().and_then(Path::parent).map(Path::to_path_buf);
    home.filter(|home| home.join("include/jni.h").is_file()).ok_or_else(|| "no jni.h".into())
}

/// The functions that a header declares.
fn functions(header: &str) -> Vec<&str> {
    header
        .lines()
        .filter(|line| !line.starts_with([' ', '/', '#', '}']))
        .filter_map(|line| {
            let before = line.split_once('(')?.0;
            let start = before.rfind("bisik_")?;
            before.get(start..)
        })
        .collect()
}

/// `tests/c/hostile.c` names every function: none goes untested by NULL and impossible lengths.
fn every_function_is_tried() -> Result<()> {
    let header = fs::read_to_string(root().join("include/bisik.h"))?;
    let test = fs::read_to_string(root().join("tests/c/hostile.c"))?;
    let missing: Vec<_> = functions(&header).into_iter().filter(|name| !test.contains(&format!("{name}("))).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("tests/c/hostile.c does not try {missing:?}").into()) }
}
