//! Version order against the tools that define it, on random versions.
//!
//! Each tool is one process that reads pairs and writes `<`, `=`, `>`, or `?` for what it does not
//! accept. A tool that is not installed is skipped, and says so. No network is used.
//!
//! Last run against: dpkg 1.21.22, packaging 26.3 (and 21.3 for what is not PEP 440), node semver
//! 7.8.5, RubyGems 3.3.15, rpm 4.18.0, Maven 3.8.7 and 3.9.11 (4.0.0-rc-4 reads `foo-1` as `foo1`
//! and so answers some pairs otherwise), Composer 2.5.5, Conan 2.34.0, R 4.2.2, Go 1.26.8.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its own functions too")]

use std::cmp::Ordering;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use trimtab_model::version::Scheme;

/// A tool that orders pairs of versions.
struct Tool<'a> {
    name: &'a str,
    scheme: Scheme,
    command: Command,
    /// How many dotted numbers a version starts with.
    numbers: usize,
    /// What may follow them.
    tokens: &'a [&'a str],
    pairs: usize,
    /// Pairs on which we mean to differ; each call says why.
    differs: fn(&str, &str) -> bool,
}

impl Tool<'_> {
    /// Asks the tool and compares. Returns without a word to fail on if the tool is not there.
    fn check(mut self) {
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        let pairs: Vec<(String, String)> =
            (0..self.pairs).map(|_| random.pair(self.numbers, self.tokens)).collect();
        let input: String = pairs.iter().map(|(a, b)| format!("{a}\t{b}\n")).collect();
        let Some(output) = run(&mut self.command, input) else {
            eprintln!("SKIPPED: {} is not installed", self.name);
            return;
        };
        let answers: Vec<&str> = output.lines().collect();
        assert_eq!(answers.len(), pairs.len(), "{}: an answer for each pair", self.name);

        let (mut compared, mut meant, mut wrong) = (0, 0, Vec::new());
        for ((a, b), answer) in pairs.iter().zip(answers) {
            let theirs = match answer {
                "<" => Ordering::Less,
                "=" => Ordering::Equal,
                ">" => Ordering::Greater,
                _ => continue,
            };
            compared += 1;
            let ours = self.scheme.compare(a, b);
            if ours == Some(theirs) {
                continue;
            }
            if (self.differs)(a, b) {
                meant += 1;
            } else {
                wrong.push(format!("{a} {answer} {b}, not {ours:?}"));
            }
        }
        println!(
            "{}: {compared} compared, {meant} meant to differ, {} wrong",
            self.name,
            wrong.len()
        );
        assert!(compared * 4 > pairs.len(), "{}: most pairs were refused", self.name);
        wrong.sort_by_key(String::len);
        wrong.truncate(30);
        assert!(wrong.is_empty(), "{}:\n{}", self.name, wrong.join("\n"));
    }
}

/// The output of a command. `None` if it cannot run here.
fn run(command: &mut Command, input: String) -> Option<String> {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.ok()?;
    let mut stdin = child.stdin.take()?;
    // From a thread of its own: a tool may answer before it has read everything.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().ok()?;
    let _ = writer.join();
    if output.status.success() {
        return Some(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    None
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// A generator of its own, so that every run asks the same pairs.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % n
    }

    fn token<'a>(&mut self, tokens: &[&'a str]) -> &'a str {
        tokens[self.below(tokens.len())]
    }

    /// Half of the pairs share a beginning and differ in one place.
    fn pair(&mut self, numbers: usize, tokens: &[&str]) -> (String, String) {
        let a = self.version(numbers, tokens);
        let mut b = a.clone();
        match self.below(4) {
            0 | 1 => b = self.version(numbers, tokens),
            2 => b.push(self.token(tokens).to_owned()),
            _ => {
                let at = self.below(b.len());
                b[at] = if at == 0 { self.numbers(numbers) } else { self.token(tokens).to_owned() };
            }
        }
        let (a, b) = (a.concat(), b.concat());
        if self.below(2) == 0 { (a, b) } else { (b, a) }
    }

    fn numbers(&mut self, count: usize) -> String {
        let numbers: Vec<String> = (0..count).map(|_| self.below(12).to_string()).collect();
        numbers.join(".")
    }

    fn version(&mut self, numbers: usize, tokens: &[&str]) -> Vec<String> {
        let length = self.below(6);
        let mut parts = vec![self.numbers(numbers)];
        parts.extend((0..length).map(|_| self.token(tokens).to_owned()));
        parts
    }
}

fn never(_: &str, _: &str) -> bool {
    false
}

#[test]
fn dpkg() {
    let script = r#"while IFS="	" read -r a b; do
        if dpkg --compare-versions "$a" lt "$b" 2>/dev/null; then echo '<'
        elif dpkg --compare-versions "$a" eq "$b" 2>/dev/null; then echo '='
        elif dpkg --compare-versions "$a" gt "$b" 2>/dev/null; then echo '>'
        else echo '?'; fi
    done"#;
    if Command::new("dpkg").arg("--version").output().is_err() {
        eprintln!("SKIPPED: dpkg is not installed");
        return;
    }
    let tokens = [
        ".0", ".1", ".01", ".10", "~", "~rc1", "+", "+dfsg", "a", "Z", "ubuntu", "-1", "-0", "-",
        ".", "1", "~~", "deb9u1",
    ];
    let command = command("sh", &["-c", script]);
    Tool {
        name: "dpkg",
        scheme: Scheme::Debian,
        command,
        numbers: 1,
        tokens: &tokens,
        pairs: 1500,
        differs: never,
    }
    .check();
}

#[test]
fn python_packaging() {
    let script = r"
import sys, warnings
warnings.simplefilter('ignore')
try:
    # Until release 22, also what is not PEP 440.
    from packaging.version import LegacyVersion, parse
    InvalidVersion = ()
except ImportError:
    from packaging.version import Version as parse, InvalidVersion
for line in sys.stdin:
    a, b = line.rstrip('\n').split('\t')
    try:
        a, b = parse(a), parse(b)
        print('<' if a < b else '>' if a > b else '=')
    except InvalidVersion:
        print('?')
";
    let tokens = [
        ".0",
        ".1",
        ".0",
        ".10",
        "a1",
        "b",
        "rc2",
        "-alpha",
        ".beta.2",
        "c",
        "_pre",
        "-preview3",
        ".post1",
        "-1",
        "-r2",
        ".dev1",
        "dev",
        "+abc",
        "+1.2",
        "+a.1",
        "+01",
        "!1",
        ".00",
        "rev",
        "-final",
        "final",
        "-x",
    ];
    let command = command("python3", &["-c", script]);
    Tool {
        name: "packaging",
        scheme: Scheme::Pep440,
        command,
        numbers: 1,
        tokens: &tokens,
        pairs: 6000,
        differs: never,
    }
    .check();
}

#[test]
fn node_semver() {
    let script = r"
const path = require('path'), { execSync } = require('child_process');
let semver;
try { semver = require('semver') } catch (e) {
    semver = require(path.join(execSync('npm root -g').toString().trim(), 'npm/node_modules/semver'))
}
const lines = require('fs').readFileSync(0, 'utf8').split('\n').slice(0, -1);
console.log(lines.map(line => {
    const [a, b] = line.split('\t');
    if (!semver.valid(a) || !semver.valid(b)) return '?';
    return ['<', '=', '>'][semver.compare(a, b) + 1];
}).join('\n'));
";
    let tokens = [
        "-alpha", "-1", ".1", ".2", ".beta", "-rc.1", "-a-b", "+b1", "+b2", "rc1", "-0", ".10",
        "-A",
    ];
    let command = command("node", &["-e", script]);
    Tool {
        name: "node semver",
        scheme: Scheme::SemVer,
        command,
        numbers: 3,
        tokens: &tokens,
        pairs: 9000,
        differs: never,
    }
    .check();
}

#[test]
fn gem_version() {
    let script = r"
STDIN.each_line do |line|
  a, b = line.chomp.split(%(\t))
  if Gem::Version.correct?(a) && Gem::Version.correct?(b)
    puts({ -1 => '<', 0 => '=', 1 => '>' }[Gem::Version.new(a) <=> Gem::Version.new(b)])
  else
    puts '?'
  end
end
";
    let tokens = [
        ".0", ".1", ".0", ".00", ".10", "a", ".a", ".b1", ".rc", ".pre", "-1", "-x86", "-java",
        ".A", "b2", ".0.a", ".0.1", ".a.0",
    ];
    let command = command("ruby", &["-e", script]);
    Tool {
        name: "Gem::Version",
        scheme: Scheme::RubyGems,
        command,
        numbers: 1,
        tokens: &tokens,
        pairs: 9000,
        differs: never,
    }
    .check();
}

#[test]
fn rpm_label_compare() {
    let script = r"
import sys, rpm
def evr(text):
    epoch, colon, rest = text.partition(':')
    if not colon: epoch, rest = '0', text
    version, dash, release = rest.rpartition('-')
    if not dash: version, release = rest, ''
    return (epoch, version, release)
for line in sys.stdin:
    a, b = line.rstrip('\n').split('\t')
    if any(':' in t and not t.split(':')[0].isdigit() for t in (a, b)): print('?'); continue
    if any(t.count(':') > 1 or evr(t)[1] == '' for t in (a, b)): print('?'); continue
    print('<=>'[rpm.labelCompare(evr(a), evr(b)) + 1])
";
    let tokens = [
        ".0", ".1", ".01", ".10", "~", "~rc1", "^", "^git1", "a", "Z", ".el8", "-1", "-0", "_",
        ".", "+", "1", ":1", "~~", "^^",
    ];
    // The module comes with the distribution's Python, which need not be the first in the path.
    let python = ["/usr/bin/python3", "python3"].into_iter().find(|p| {
        Command::new(p).args(["-c", "import rpm"]).output().is_ok_and(|o| o.status.success())
    });
    let command = command(python.unwrap_or("rpm-python-is-not-installed"), &["-c", script]);
    Tool {
        name: "rpm",
        scheme: Scheme::Rpm,
        command,
        numbers: 1,
        tokens: &tokens,
        pairs: 9000,
        differs: never,
    }
    .check();
}

#[test]
fn maven_comparable_version() {
    let Some(jar) = maven_jar() else {
        eprintln!("SKIPPED: no maven-artifact jar (set TRIMTAB_MAVEN_CLASSPATH)");
        return;
    };
    let program = r"
import org.apache.maven.artifact.versioning.ComparableVersion;
import java.io.*;
public class Pairs {
    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        StringBuilder out = new StringBuilder();
        for (String line; (line = in.readLine()) != null;) {
            String[] pair = line.split(String.valueOf((char) 9));
            int order = new ComparableVersion(pair[0]).compareTo(new ComparableVersion(pair[1]));
            out.append(order < 0 ? '<' : order > 0 ? '>' : '=').append((char) 10);
        }
        System.out.print(out);
    }
}
";
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("Pairs.java");
    fs::write(&source, program).unwrap();
    let mut command = command("java", &["-cp"]);
    command.arg(jar).arg(&source);
    let tokens = [
        ".0",
        ".1",
        ".0",
        ".10",
        ".01",
        "-1",
        "-2",
        "-alpha",
        "-alpha-1",
        "-b2",
        ".RC1",
        "-rc",
        "-SNAPSHOT",
        ".Final",
        ".GA",
        "-jre",
        ".RELEASE",
        "-SP1",
        ".sp",
        "-foo",
        "-xyz",
        "a1",
        "m2",
        "cr",
        "-20230101.120000-3",
        "x",
    ];
    Tool {
        name: "ComparableVersion",
        scheme: Scheme::Maven,
        command,
        numbers: 1,
        tokens: &tokens,
        pairs: 9000,
        differs: maven_differs,
    }
    .check();
}

/// Maven 3 has circles among versions with a word after a dot that something follows; see the
/// module's text.
fn maven_differs(a: &str, b: &str) -> bool {
    let odd = |text: &str| {
        let before_last = text.rfind(['.', '-']).map_or("", |at| &text[..at]);
        before_last.as_bytes().windows(2).any(|w| w[0] == b'.' && w[1].is_ascii_alphabetic())
    };
    odd(a) || odd(b)
}

/// `TRIMTAB_MAVEN_CLASSPATH`, else Maven 3.9's jar out of the local repository.
fn maven_jar() -> Option<OsString> {
    if let Some(classpath) = std::env::var_os("TRIMTAB_MAVEN_CLASSPATH") {
        return Some(classpath);
    }
    let home = PathBuf::from(std::env::var_os("HOME")?);
    let versions =
        fs::read_dir(home.join(".m2/repository/org/apache/maven/maven-artifact")).ok()?;
    let jar = |folder: &Path| {
        let version = folder.file_name()?.to_str()?.to_owned();
        let jar = folder.join(format!("maven-artifact-{version}.jar"));
        (version.starts_with("3.9") && jar.is_file()).then(|| jar.into_os_string())
    };
    versions.filter_map(Result::ok).find_map(|entry| jar(&entry.path()))
}

#[test]
fn composer() {
    let script = r#"
foreach (['/usr/share/php/Composer/Semver/autoload.php', getenv('TRIMTAB_COMPOSER_SEMVER')] as $file) {
    if ($file && is_file($file)) { require_once $file; break; }
}
$parser = new Composer\Semver\VersionParser();
while (($line = fgets(STDIN)) !== false) {
    [$a, $b] = explode("\t", rtrim($line, "\n"));
    try {
        $a = $parser->normalize($a);
        $b = $parser->normalize($b);
        echo ['<', '=', '>'][version_compare($a, $b) + 1], "\n";
    } catch (UnexpectedValueException $e) {
        echo "?\n";
    }
}
"#;
    let tokens = [
        ".0", ".1", ".0", ".10", "-alpha", "-beta1", "RC2", "-dev", ".x-dev", "p1", "-patch2",
        "-pl3", "_b", "+build", "-stable", ".2.3", "-beta.1", "a-1", "@dev", ".*-dev", "-a",
    ];
    let command = command("php", &["-r", script]);
    Tool {
        name: "Composer",
        scheme: Scheme::Packagist,
        command,
        numbers: 1,
        tokens: &tokens,
        pairs: 9000,
        differs: never,
    }
    .check();
}

#[test]
fn conan() {
    let script = r"
import sys
from conan.internal.model.version import Version
for line in sys.stdin:
    a, b = line.rstrip('\n').split('\t')
    a, b = Version(a), Version(b)
    print('<' if a < b else '>' if b < a else '=')
";
    let tokens = [
        ".0",
        ".1",
        ".0",
        ".10",
        "-alpha",
        "-1",
        ".beta",
        "-pre.2",
        "+1",
        "+2",
        "+b.1",
        ".cci",
        ".20200101",
        "t",
        "-a-b",
    ];
    let command = command("python3", &["-c", script]);
    let tool = Tool {
        name: "Conan",
        scheme: Scheme::Conan,
        command,
        numbers: 2,
        tokens: &tokens,
        pairs: 9000,
        differs: conan_differs,
    };
    tool.check();
}

/// Conan compares a number with a word that starts with digits by their text, which has circles;
/// all but the last `+` make such words.
fn conan_differs(a: &str, b: &str) -> bool {
    let mixed = |text: &str| {
        let bytes = text.as_bytes();
        bytes.windows(2).any(|w| w[0].is_ascii_digit() && w[1].is_ascii_alphabetic())
            || text.matches('+').count() > 1
    };
    mixed(a) || mixed(b)
}

#[test]
fn r_package_version() {
    let script = r#"
lines <- readLines(file("stdin"))
for (line in lines) {
    pair <- strsplit(line, "\t")[[1]]
    cat(c("<", "=", ">")[compareVersion(pair[1], pair[2]) + 2], "\n", sep = "")
}
"#;
    let tokens = [".0", ".1", ".0", ".10", "-1", "-0", ".01", "-10", ".2"];
    let command = command("Rscript", &["--vanilla", "-e", script]);
    Tool {
        name: "R",
        scheme: Scheme::Cran,
        command,
        numbers: 1,
        tokens: &tokens,
        pairs: 3000,
        differs: never,
    }
    .check();
}

/// Builds a Go program in a module of its own, with the copy of `x/mod/semver` that Go itself has.
fn go_program(folder: &Path, source: &str) -> Option<Command> {
    let root = Command::new("go").args(["env", "GOROOT"]).output().ok()?;
    let root = PathBuf::from(String::from_utf8_lossy(&root.stdout).trim());
    let semver =
        fs::read_to_string(root.join("src/cmd/vendor/golang.org/x/mod/semver/semver.go")).ok()?;
    fs::create_dir(folder.join("semver")).ok()?;
    fs::write(folder.join("semver/semver.go"), semver).ok()?;
    fs::write(folder.join("go.mod"), "module pairs\n\ngo 1.22\n").ok()?;
    fs::write(folder.join("main.go"), source).ok()?;
    let mut command = Command::new("go");
    command
        .args(["run", "."])
        .current_dir(folder)
        .env("GOPROXY", "off")
        .env("GOTOOLCHAIN", "local");
    Some(command)
}

#[test]
fn go_semver() {
    let source = r#"package main

import (
	"bufio"
	"fmt"
	"os"
	"pairs/semver"
	"strings"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		a, b, _ := strings.Cut(lines.Text(), "\t")
		a, b = "v"+a, "v"+b
		if !semver.IsValid(a) || !semver.IsValid(b) {
			fmt.Println("?")
			continue
		}
		fmt.Println(string("<=>"[semver.Compare(a, b)+1]))
	}
}
"#;
    let folder = tempfile::tempdir().unwrap();
    let Some(command) = go_program(folder.path(), source) else {
        eprintln!("SKIPPED: go is not installed");
        return;
    };
    let tokens = [
        "-rc.1",
        "-0.20210101000000-abcdef123456",
        "+incompatible",
        "-beta",
        ".1",
        ".0",
        "-alpha.1",
        "-1",
        "-pre.0.20220101000000-0123456789ab",
        "-20210101000000-abcdef123456",
    ];
    Tool {
        name: "x/mod/semver",
        scheme: Scheme::Go,
        command,
        numbers: 3,
        tokens: &tokens,
        pairs: 9000,
        differs: never,
    }
    .check();
}

#[test]
fn go_toolchains() {
    let source = r#"package main

import (
	"bufio"
	"fmt"
	"go/version"
	"os"
	"strings"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		a, b, _ := strings.Cut(lines.Text(), "\t")
		a, b = "go1."+a, "go1."+b
		// A bare 1.21 is a language version there, and the first release here.
		if !version.IsValid(a) || !version.IsValid(b) || strings.Count(a+b, ".") < 3 && !strings.Contains(a+b, "rc") {
			fmt.Println("?")
			continue
		}
		fmt.Println(string("<=>"[version.Compare(a, b)+1]))
	}
}
"#;
    let folder = tempfile::tempdir().unwrap();
    let Some(mut command) = go_program(folder.path(), source) else {
        eprintln!("SKIPPED: go is not installed");
        return;
    };
    let tokens = ["rc1", "rc2", "rc10", "beta1", "beta2", ".0", ".1", ".10", "1", "0"];
    let mut random = Random(7);
    let pairs: Vec<_> = (0..4000).map(|_| random.pair(1, &tokens)).collect();
    let input = pairs.iter().map(|(a, b)| format!("{a}\t{b}\n")).collect();
    let Some(output) = run(&mut command, input) else {
        eprintln!("SKIPPED: go is not installed");
        return;
    };
    let mut compared = 0;
    for ((a, b), theirs) in pairs.iter().zip(output.lines()) {
        let language = |v: &str| v.parse::<u32>().is_ok_and(|minor| minor >= 21);
        if theirs == "?" || language(a) || language(b) {
            continue;
        }
        compared += 1;
        let ours = Scheme::Go.compare(&format!("go1.{a}"), &format!("1.{b}"));
        let ours = ours.map(|o| ["<", "=", ">"][usize::try_from(o as i8 + 1).unwrap()]);
        assert_eq!(ours, Some(theirs), "go1.{a} and go1.{b}");
    }
    println!("go/version: {compared} compared");
    assert!(compared > 300);
}
