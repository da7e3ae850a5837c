//! A whole copy of a project at a commit, with a repository of its own around it. It borrows the
//! objects of the user's repository and has none of its configuration, hooks or remotes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use trimtab_model::{Code, Diagnostic};

use super::author::Author;
use super::objects::with_lenders;
use super::plumbing::{Whose, attempt, git, line};
use super::revert::{BASE, BATCH};
use crate::update::folder::Folder;
use crate::update::{Bounds, Change, Extent, Scratch};

/// The most tags that a copy takes over: builds name versions by them.
const TAGS: usize = 20_000;

/// A copy. It goes when this is dropped.
#[derive(Debug)]
pub struct Tree {
    folder: Folder,
    /// The user's repository. `None`: the project has none.
    repository: Option<PathBuf>,
    /// Where the objects lie that it borrows.
    objects: Vec<PathBuf>,
    /// The user's checkout, and the folder of git that belongs to it.
    held: Vec<PathBuf>,
    /// The commit that the copy began with.
    base: String,
    /// The folder that was asked for, below the root of the repository.
    below: PathBuf,
}

impl Tree {
    /// A copy of the project around a folder: of a commit where it is in a repository of git, else of
    /// the folder as it is.
    ///
    /// # Errors
    /// It cannot be read or copied, there is no such commit, or git is missing.
    pub fn of(folder: &Path, reference: &str, place: Option<&Path>) -> Result<Tree, Diagnostic> {
        let full = folder.canonicalize().map_err(|e| unreadable(folder, &e))?;
        match line(Whose::Users, &full, &["rev-parse", "--show-toplevel"]) {
            Ok(root) => {
                let root = PathBuf::from(root);
                let root = root.canonicalize().map_err(|e| unreadable(&root, &e))?;
                let below = full.strip_prefix(&root).unwrap_or(Path::new("")).to_owned();
                Tree::of_commit(&root, reference, below, place)
            }
            Err(e) if e.code == Code::Usage => Err(e),
            Err(_) => Tree::of_folder(&full, place),
        }
    }

    fn of_commit(
        root: &Path,
        reference: &str,
        below: PathBuf,
        place: Option<&Path>,
    ) -> Result<Tree, Diagnostic> {
        let base = crate::git::commit(root, reference)?.id;
        let own = |args: &[&str]| line(Whose::Users, root, args);
        let objects = own(&["rev-parse", "--path-format=absolute", "--git-path", "objects"])?;
        let shallow = own(&["rev-parse", "--path-format=absolute", "--git-path", "shallow"])?;
        let common = own(&["rev-parse", "--path-format=absolute", "--git-common-dir"])?;
        let format = own(&["rev-parse", "--show-object-format"])?;
        let tags = own(&["for-each-ref", "--format=%(objectname) %(refname)", "refs/tags"])?;
        let folder = begun(place, &["--object-format", &format])?;
        let dot = folder.path().join("tree/.git");
        let write = |name: &str, text: &[u8]| {
            let path = dot.join(name);
            let made = path.parent().map_or(Ok(()), fs::create_dir_all);
            made.and_then(|()| fs::write(&path, text)).map_err(|e| unwritable(&path, &e))
        };
        write("objects/info/alternates", format!("{objects}\n").as_bytes())?;
        if let Ok(text) = fs::read(shallow) {
            write("shallow", &text)?;
        }
        let tags: String = tags.lines().take(TAGS).map(|tag| format!("{tag}\n")).collect();
        write("packed-refs", format!("# pack-refs with: \n{tags}").as_bytes())?;
        let repository = Some(root.to_owned());
        let objects = with_lenders(Path::new(&objects));
        let held = vec![root.to_owned(), common.into()];
        let tree = Tree { folder, repository, objects, held, base: base.clone(), below };
        git(Whose::Ours, &tree.root(), &["checkout", "--quiet", "--detach", &base], &[])?;
        if !tree.work().is_dir() {
            let message = format!("`{}` is not in commit `{reference}`", tree.below.display());
            return Err(Diagnostic::new(Code::Usage, message)
                .help("commit it, or name a commit that has it with --at"));
        }
        Ok(tree)
    }

    fn of_folder(root: &Path, place: Option<&Path>) -> Result<Tree, Diagnostic> {
        let folder = begun(place, &[])?;
        let to = folder.path().join("tree");
        let copy = Scratch::copy_whole(root, Bounds::of(Extent::Whole), &to);
        copy.map_err(|e| {
            Diagnostic::new(Code::FileUnreadable, format!("the project could not be copied: {e}"))
                .help("name the folder of the project itself")
        })?;
        let (base, below) = (String::new(), PathBuf::new());
        let (objects, held) = (Vec::new(), vec![root.to_owned()]);
        let mut tree = Tree { folder, repository: None, objects, held, base, below };
        git(Whose::Ours, &to, &["add", "--all", "--force", "."], &[])?;
        let author = Author::ours(jiff::Timestamp::UNIX_EPOCH);
        tree.base = tree.record("As it was\n", &author, true)?;
        Ok(tree)
    }

    /// The user's repository. `None`: the project is in none, and a patch is what it gets.
    pub fn repository(&self) -> Option<&Path> {
        self.repository.as_deref()
    }

    /// Where the objects of git lie that it borrows.
    pub(super) fn objects(&self) -> &[PathBuf] {
        &self.objects
    }

    /// What tests of the copy may not write to: the user's checkout, and the folder of git that belongs to it.
    pub(super) fn held(&self) -> &[PathBuf] {
        &self.held
    }

    /// The copy of the root of the repository.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    /// The copy of the folder that was asked for.
    pub fn work(&self) -> PathBuf {
        self.root().join(&self.below)
    }

    /// That folder's path below the root; empty for the root.
    pub fn below(&self) -> &Path {
        &self.below
    }

    /// The commit that it began with.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Beside the copy: a home and a folder for temporary files that programs in it get.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The commit that it is at.
    ///
    /// # Errors
    /// Git fails.
    pub fn head(&self) -> Result<String, Diagnostic> {
        line(Whose::Ours, &self.root(), &["rev-parse", "HEAD"])
    }

    /// Takes the files of git back to a commit. What builds left beside them stays.
    ///
    /// # Errors
    /// Git fails.
    pub fn back_to(&self, commit: &str) -> Result<(), Diagnostic> {
        git(Whose::Ours, &self.root(), &["reset", "--quiet", "--hard", commit], &[]).map(|_| ())
    }

    /// Removes what no commit of it has: what builds and tests left, and new files.
    ///
    /// # Errors
    /// Git fails.
    pub fn sweep(&self) -> Result<(), Diagnostic> {
        git(Whose::Ours, &self.root(), &["clean", "-ffdxq"], &[]).map(|_| ())
    }

    /// The same below one folder of it.
    ///
    /// # Errors
    /// Git fails.
    pub fn sweep_below(&self, folder: &Path) -> Result<(), Diagnostic> {
        let folder = folder.to_string_lossy();
        let args = ["clean", "-ffdxq", "--", &folder];
        git(Whose::Ours, &self.root(), &args, &[]).map(|_| ())
    }

    /// The files that git keeps, by their paths below the root.
    ///
    /// # Errors
    /// Git fails.
    pub fn tracked(&self) -> Result<Vec<String>, Diagnostic> {
        let text = git(Whose::Ours, &self.root(), &["ls-files", "-z"], &[])?;
        let paths = text.split(|byte| *byte == 0).filter(|path| !path.is_empty());
        Ok(paths.map(|path| String::from_utf8_lossy(path).into_owned()).collect())
    }

    /// Writes what changes, by paths below the root.
    ///
    /// # Errors
    /// A file cannot be written, or its path leads out of the copy.
    pub fn write(&self, changes: &[Change]) -> Result<(), Diagnostic> {
        for change in changes {
            let path = self.inside(&change.path)?;
            let done = match &change.after {
                Some(bytes) => path
                    .parent()
                    .map_or(Ok(()), fs::create_dir_all)
                    .and_then(|()| fs::write(&path, bytes)),
                None => fs::remove_file(&path),
            };
            done.map_err(|e| unwritable(&path, &e))?;
        }
        Ok(())
    }

    /// A file of the copy: not of its `.git`, not out of it, and through no link.
    fn inside(&self, path: &str) -> Result<PathBuf, Diagnostic> {
        let mut at = self.root();
        for part in path.split('/') {
            let plain = !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git");
            at.push(part);
            let linked = at.is_symlink();
            if !plain || linked || part.contains('\\') {
                let message = format!("`{path}` is not a plain file of the project");
                return Err(Diagnostic::new(Code::PathEscapes, message));
            }
        }
        Ok(at)
    }

    /// Commits these changes and nothing else: what tests left is no part of it.
    ///
    /// # Errors
    /// Git fails.
    pub fn commit(
        &self,
        changes: &[Change],
        message: &str,
        author: &Author,
    ) -> Result<String, Diagnostic> {
        // Tests may have changed the files.
        self.write(changes)?;
        let mut paths: Vec<&str> = Vec::new();
        // What is vendored is kept as a whole, whatever its files are called.
        let lists = changes.iter().filter(|change| change.before.is_some());
        let vendored: Vec<&str> = lists
            .filter_map(|change| change.path.strip_suffix("modules.txt"))
            .filter(|folder| *folder == "vendor/" || folder.ends_with("/vendor/"))
            .collect();
        for change in changes {
            // A lockfile that the project does not keep stays out of it.
            let ignored = ["check-ignore", "--quiet", "--", &change.path];
            let is_vendored = vendored.iter().any(|folder| change.path.starts_with(*folder));
            let is_new = change.before.is_none() && !is_vendored;
            if !is_new || !attempt(Whose::Ours, &self.root(), &ignored, &[])?.is_well() {
                paths.push(&change.path);
            }
        }
        for part in paths.chunks(500) {
            let args = [&["update-index", "--add", "--remove", "--"], part].concat();
            git(Whose::Ours, &self.root(), &args, &[])?;
        }
        // Beside the batch's own: by it what lies below is told from what somebody put on the branch.
        let message = match message.contains(&format!("\n{BATCH}: ")) {
            true => format!("{}\n{BASE}: {}\n", message.trim_end(), self.base),
            false => message.to_owned(),
        };
        self.record(&message, author, false)
    }

    /// Commits what is staged.
    pub(super) fn record(
        &self,
        message: &str,
        author: &Author,
        empty: bool,
    ) -> Result<String, Diagnostic> {
        let file = self.folder.path().join("message");
        fs::write(&file, message).map_err(|e| unwritable(&file, &e))?;
        let variables = author.variables();
        let set: Vec<(&str, &str)> = variables.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let file = file.to_string_lossy();
        let mut args = vec!["commit", "--quiet", "--no-verify", "--cleanup=verbatim", "-F", &file];
        args.extend(empty.then_some("--allow-empty"));
        git(Whose::Ours, &self.root(), &args, &set)?;
        self.head()
    }

    /// All that was committed since the base, as `git am` reads it.
    ///
    /// # Errors
    /// Git fails.
    pub fn patch(&self) -> Result<Vec<u8>, Diagnostic> {
        let range = format!("{}..HEAD", self.base);
        let args = ["format-patch", "--stdout", "--binary", "--no-signature", &range];
        git(Whose::Ours, &self.root(), &args, &[])
    }

    /// Files of the user's checkout that differ from the last commit, at most `most`: they are in no
    /// copy of it.
    ///
    /// # Errors
    /// Git fails.
    pub fn uncommitted(&self, most: usize) -> Result<Vec<String>, Diagnostic> {
        let Some(repository) = &self.repository else { return Ok(Vec::new()) };
        let args = ["status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames"];
        let text = git(Whose::Users, repository, &args, &[])?;
        let one = |entry: &[u8]| entry.get(3..).map(|p| String::from_utf8_lossy(p).into_owned());
        Ok(text.split(|b| *b == 0).filter_map(one).take(most).collect())
    }
}

/// The branch that is checked out in a repository. `None`: none.
///
/// # Errors
/// Git cannot be run.
pub fn checked_out(repository: &Path) -> Result<Option<String>, Diagnostic> {
    let args = ["symbolic-ref", "--quiet", "--short", "HEAD"];
    let output = attempt(Whose::Users, repository, &args, &[])?;
    let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(Some(name).filter(|name| output.is_well() && !name.is_empty()))
}

/// A folder with an empty repository in `tree`.
fn begun(place: Option<&Path>, args: &[&str]) -> Result<Folder, Diagnostic> {
    let folder = Folder::of_its_path(place).map_err(|e| {
        unwritable(place.unwrap_or(Path::new("the folder for temporary files")), &e)
    })?;
    for name in ["tree", "home", "tmp"] {
        let path = folder.path().join(name);
        fs::create_dir(&path).map_err(|e| unwritable(&path, &e))?;
    }
    let mut all = vec!["init", "--quiet", "--template="];
    all.extend(args);
    git(Whose::Ours, &folder.path().join("tree"), &all, &[])?;
    Ok(folder)
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::new(Code::FileUnreadable, format!("`{}` cannot be read: {error}", path.display()))
        .help("name a folder that exists")
}

fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::new(Code::Usage, format!("`{}` cannot be written: {error}", path.display()))
        .help("free space in the temporary folder, or set another with TMPDIR")
}
