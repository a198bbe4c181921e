//! The tests in C and C++: compiled strictly, linked both ways, run plain, under valgrind, and with ASan and UBSan.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::install::{HEADERS, SYSTEM_LIBRARIES, place};
use super::{VERSION, build, folder as make, header, output, read, vectors};
use crate::process::run;
use crate::{Outcome, root, target};

const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
const C: [&str; 2] = ["-std=c99", "-D_POSIX_C_SOURCE=200809L"];
const CPP: [&str; 1] = ["-std=c++17"];
/// What the test programs are named after; each is a file in `tests/c`.
const PROGRAMS: [&str; 16] = [
    "round.c",
    "blind.c",
    "life.c",
    "sighting.c",
    "hostile.c",
    "hostile_life.c",
    "hostile_vectors.c",
    "hostile_deltas.c",
    "hostile_desk.c",
    "arrow.c",
    "store.c",
    "threads.c",
    "vectors.c",
    "wrapper.cpp",
    "wrapper_life.cpp",
    "wrapper_desk.cpp",
];
/// The programs that try every function with NULL, zero and impossible lengths.
const HOSTILE: [&str; 3] = ["hostile.c", "hostile_life.c", "hostile_desk.c"];

/// Runs everything, and counts what passed. `release` tests the optimised library, `plain` leaves valgrind and the sanitizers out.
pub(super) fn tests(release: bool, plain: bool) -> Outcome<u64> {
    header::header(true)?;
    every_function_is_tried()?;
    let built = build(release)?;
    let folder = target().join("c-tests");
    make(&folder)?;
    let mut suite = Suite { prefix: folder.join("prefix"), folder, passed: 0 };
    place(&built, &suite.prefix)?;
    vectors::write(&suite.folder.join("vectors"))?;
    suite.symbols()?;
    suite.headers_alone()?;
    for program in PROGRAMS {
        let source = root().join("tests/c").join(program);
        suite.run(&source, Linking::Shared, Tool::None)?;
        suite.run(&source, Linking::Static, Tool::None)?;
        if !plain {
            suite.run(&source, Linking::Shared, Tool::Valgrind)?;
            suite.run(&source, Linking::Static, Tool::Sanitizers)?;
        }
    }
    suite.examples()?;
    suite.java()?;
    Ok(suite.passed)
}

/// Links every program with a library that the address sanitizer watches, and runs it.
pub(super) fn watched(library: &Path, sanitizer: &Path) -> Outcome<u64> {
    let folder = target().join("c-watched");
    make(&folder)?;
    let vectors = folder.join("vectors");
    vectors::write(&vectors)?;
    let mut passed = 0;
    for name in PROGRAMS {
        let source = root().join("tests/c").join(name);
        let program = folder.join(name.replace('.', "-"));
        let mut compiler = compiler(&source);
        compiler.args(["-g", "-o"]).arg(&program).arg(&source).arg("-I").arg(root().join("include")).arg(library);
        // The sanitizer takes the place of malloc before anything else does.
        compiler.arg("-Wl,--whole-archive").arg(sanitizer).arg("-Wl,--no-whole-archive").args(SYSTEM_LIBRARIES);
        run(compiler.args(["-lstdc++", "-lpthread"]))?;
        let work = folder.join("work");
        _ = fs::remove_dir_all(&work);
        make(&work)?;
        run(Command::new(&program).arg(&work).arg(&vectors).env("ASAN_OPTIONS", "detect_leaks=1"))?;
        println!("ok  {name}: address sanitizer");
        passed += 1;
    }
    Ok(passed)
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
    passed: u64,
}

impl Suite {
    fn pass(&mut self, what: &str) {
        self.passed += 1;
        println!("ok  {what}");
    }

    /// Compiles one program.
    fn compile(&self, source: &Path, linking: Linking, tool: Tool) -> Outcome<PathBuf> {
        let name = source.file_stem().unwrap_or_default().to_string_lossy();
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
        Ok(program)
    }

    /// An empty folder to work in.
    fn work(&self) -> Outcome<PathBuf> {
        let work = self.folder.join("work");
        _ = fs::remove_dir_all(&work);
        make(&work)?;
        Ok(work)
    }

    /// Compiles one test and runs it: its arguments are an empty folder and the folder of vectors.
    fn run(&mut self, source: &Path, linking: Linking, tool: Tool) -> Outcome {
        let program = self.compile(source, linking, tool)?;
        let work = self.work()?;
        let mut command = if tool == Tool::Valgrind {
            let mut valgrind = Command::new("valgrind");
            valgrind.args(["-q", "--error-exitcode=99", "--leak-check=full", "--fair-sched=yes"]);
            // Hash tables hold their memory by a pointer into its middle, which valgrind counts as possibly lost.
            valgrind
                .args(["--show-leak-kinds=definite,indirect", "--errors-for-leak-kinds=definite,indirect"])
                .arg(&program);
            valgrind
        } else {
            Command::new(&program)
        };
        run(command.arg(&work).arg(self.folder.join("vectors")))?;
        self.pass(&format!("{}: {linking:?}, {tool:?}", source.file_name().unwrap_or_default().to_string_lossy()));
        Ok(())
    }

    /// The examples do what they say: what the first one publishes, the second one matches.
    fn examples(&mut self) -> Outcome {
        let source = |name: &str| root().join("examples").join(name);
        let publish = self.compile(&source("c/publish.c"), Linking::Shared, Tool::None)?;
        let matching = self.compile(&source("c/match.c"), Linking::Shared, Tool::None)?;
        let round = self.compile(&source("cpp/round.cpp"), Linking::Shared, Tool::None)?;
        let work = self.work()?;
        let file = |name: &str| work.join(name);
        output(Command::new(publish).arg(&work).stdin(Stdio::null()))?;
        let calls = file("calls.txt");
        super::write(&calls, "+65 9123 4567\n91234568\nreload\n8123-4567\nanonymous\n")?;
        let calls = fs::File::open(&calls).map_err(|error| error.to_string())?;
        let mut command = Command::new(matching);
        command.arg(file("numbers.bisik")).arg(file("centre.pub")).arg(file("member.key")).stdin(calls);
        let expected = "warn the callee\npass\nreloaded\nwarn the callee\npass: not a number that can be looked up\n";
        let said = output(&mut command)?;
        if said != expected {
            return Err(format!("examples/c/match.c says:\n{said}"));
        }
        self.pass("examples/c");
        self.blind_example("+65 9123 4567\n91234568\nreload\n8123-4567\nanonymous\n")?;
        let said = output(&mut Command::new(round))?;
        if said != "url-host login-bank.example: phishing\nno hit\nhit\nnot looked up\n" {
            return Err(format!("examples/cpp/round.cpp says:\n{said}"));
        }
        let blind = self.compile(&source("cpp/blind.cpp"), Linking::Shared, Tool::None)?;
        let said = output(&mut Command::new(blind))?;
        if said != "charged 2\nhit\nno hit\nnot looked up\n" {
            return Err(format!("examples/cpp/blind.cpp says:\n{said}"));
        }
        self.pass("examples/cpp");
        Ok(())
    }

    /// Blind mode over files, each step a process of its own.
    fn blind_example(&mut self, numbers: &str) -> Outcome {
        let program = self.compile(&root().join("examples/c/blind.c"), Linking::Shared, Tool::None)?;
        let work = self.folder.join("blind");
        _ = fs::remove_dir_all(&work);
        make(&work)?;
        let calls = work.join("calls.txt");
        super::write(&calls, numbers)?;
        let mut said = String::new();
        for step in ["setup", "ask", "answer", "finish"] {
            let calls = fs::File::open(&calls).map_err(|error| error.to_string())?;
            said += &output(Command::new(&program).arg(step).arg(&work).stdin(calls))?;
        }
        if said != "charged 4\nline 1 is listed\nline 4 is listed\n2 not looked up\n" {
            return Err(format!("examples/c/blind.c says:\n{said}"));
        }
        self.pass("examples/c/blind.c");
        Ok(())
    }

    /// The headers compile alone, and the C one is C++ too.
    fn headers_alone(&mut self) -> Outcome {
        let include = root().join("include");
        let c = ("c", "-std=c99", "bisik.h");
        for (language, standard, header) in
            std::iter::once(c).chain(HEADERS.map(|header| ("c++", "-std=c++17", header)))
        {
            let mut compiler = Command::new(if language == "c" { "gcc" } else { "g++" });
            compiler.args(WARNINGS).args([standard, "-fsyntax-only", "-x", language]).arg(include.join(header));
            run(&mut compiler)?;
            self.pass(&format!("{header}: alone, {standard}"));
        }
        Ok(())
    }

    /// The shared library exports nothing but what the header declares, has its SONAME, and pkg-config finds it.
    fn symbols(&mut self) -> Outcome {
        let library = self.prefix.join("lib/libbisik.so");
        let text = output(Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(&library))?;
        let mut exported: Vec<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
        exported.sort_unstable();
        let header = read(&root().join("include/bisik.h"))?;
        let mut declared = functions(&header);
        declared.sort_unstable();
        if exported != declared {
            let odd: Vec<_> = exported.iter().filter(|name| !declared.contains(name)).collect();
            let missing: Vec<_> = declared.iter().filter(|name| !exported.contains(name)).collect();
            return Err(format!("exported and not declared: {odd:?}; declared and not exported: {missing:?}"));
        }
        let dynamic = output(Command::new("readelf").arg("-d").arg(&library))?;
        let major = VERSION.split('.').next().unwrap_or_default();
        if !dynamic.contains(&format!("[libbisik.so.{major}]")) {
            return Err("the shared library has no SONAME".to_owned());
        }
        let mut config = Command::new("pkg-config");
        config.env("PKG_CONFIG_PATH", self.prefix.join("lib/pkgconfig"));
        let version = output(config.args(["--modversion", "bisik"]))?;
        if version.trim() != VERSION {
            return Err(format!("pkg-config says version {version}"));
        }
        self.pass(&format!("{} exported functions, SONAME, pkg-config", exported.len()));
        Ok(())
    }

    /// The Java example, which is its own test, where a JDK is.
    fn java(&mut self) -> Outcome {
        let Ok(home) = java_home() else {
            println!("--  examples/java: no JDK here");
            return Ok(());
        };
        let (source, work) = (root().join("examples/java"), self.folder.join("java"));
        make(&work)?;
        let mut compiler = compiler(Path::new("Bisik.c"));
        compiler.args(["-shared", "-fPIC", "-o"]).arg(work.join("libbisikjni.so")).arg(source.join("bisik_jni.c"));
        compiler.arg("-I").arg(self.prefix.join("include")).arg("-I").arg(home.join("include"));
        compiler
            .arg("-I")
            .arg(home.join("include/linux"))
            .arg(self.prefix.join("lib/libbisik.a"))
            .args(SYSTEM_LIBRARIES);
        run(&mut compiler)?;
        run(Command::new("javac")
            .args(["-Xlint:all", "-Werror", "-d"])
            .arg(&work)
            .arg(source.join("Bisik.java"))
            .arg(source.join("Match.java")))?;
        let vectors = self.folder.join("vectors");
        let mut java = Command::new("java");
        java.arg("-Xcheck:jni").arg(format!("-Djava.library.path={}", work.display())).arg("-cp").arg(&work);
        let text = output(java.arg("Match").arg(vectors.join("card.txt")).arg(vectors.join("domains")))?;
        if text.contains("WARNING") || !text.contains("2 of 4") {
            return Err(format!("examples/java says:\n{text}"));
        }
        self.pass("examples/java");
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
fn java_home() -> Outcome<PathBuf> {
    let path = output(Command::new("sh").args(["-c", "readlink -f \"$(command -v javac)\""]))?;
    let home = Path::new(path.trim()).parent().and_then(Path::parent).map(Path::to_path_buf);
    home.filter(|home| home.join("include/jni.h").is_file()).ok_or_else(|| "no jni.h".to_owned())
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

/// [`HOSTILE`] name every function: none goes untested by NULL and impossible lengths.
fn every_function_is_tried() -> Outcome {
    let header = read(&root().join("include/bisik.h"))?;
    let texts =
        HOSTILE.iter().map(|program| read(&root().join("tests/c").join(program))).collect::<Outcome<Vec<_>>>()?;
    let tried = |name: &&str| texts.iter().any(|text| text.contains(&format!("{name}(")));
    let missing: Vec<_> = functions(&header).into_iter().filter(|name| !tried(name)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("{HOSTILE:?} do not try {missing:?}")) }
}
