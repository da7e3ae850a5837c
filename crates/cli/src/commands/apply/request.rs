//! Asking for the change on the user's git host.

use std::path::Path;

use trimtab_connect::apply::{Tree, push};
use trimtab_connect::requests::life::{Asked, Situation, Step, What, decide};
use trimtab_connect::requests::{Host, Proposed, Reason, State, Wish, Word, propose};
use trimtab_model::{Code, Diagnostic};
use trimtab_report::applied;
use trimtab_report::applied::json::{Document, Request};
use trimtab_report::plan::json::Batch;

use super::content;
use super::plan::Plan;
use crate::agreement;
use crate::args::Apply;
use crate::commands::host::{Told, close, locate, refused, told};

/// Decides whether the batch is asked for; if so, closes what it takes over, sends the branch and sees to it that it has
/// one request.
pub(super) fn ask(
    args: &Apply,
    plan: &Plan,
    batch: &Batch,
    tree: &Tree,
    document: &Document,
) -> Result<Request, Diagnostic> {
    let (Some(repository), Some(branch)) = (tree.repository(), &document.branch) else {
        return Err(Diagnostic::new(Code::Usage, "there is no branch to open a request for")
            .help("commit the project to git"));
    };
    let located = locate(&args.host, repository)?;
    let told = told(&located, repository, &args.host.remote)?;
    let marker = content::marker(plan, batch, document);
    let mut planned = content::batches(plan, agreement::moment(args.now.as_deref())?);
    // What it does remove counts here, and not what was planned.
    for planned in planned.iter_mut().filter(|planned| planned.batch == batch.name) {
        planned.removes = marker.gone.clone();
    }
    let steps = decide(&Situation {
        ours: told.ours.clone(),
        others_open: told.others_open,
        plan: Some(planned),
        base: None,
        limit: plan.open_limit(),
        asked: Asked::Batch { name: batch.name.clone(), again: args.again },
        merging: false,
    });
    let of_batch = |step: &&Step| step.batch == batch.name && (step.what != What::Over);
    let Some(step) = steps.iter().find(of_batch) else {
        return Err(Diagnostic::new(Code::BatchUnknown, "the plan has no such batch"));
    };
    let place = (&*located.host, repository, &*args.host.remote);
    if let Some(left) = left(step, &told, place)? {
        return Ok(left);
    }
    // A branch has one request in all: another base's would get what was made for this one.
    let open = |request: &&trimtab_connect::requests::Request| {
        request.state == State::Open && request.branch == *branch && request.base != located.base
    };
    if let Some(other) = told.listed.requests.iter().find(open) {
        let message =
            format!("#{} already asks to merge `{branch}` into `{}`", other.number, other.base);
        return Err(Diagnostic::new(Code::BranchTaken, message)
            .help("merge or close that one first, or plan the batch under another name"));
    }
    if step.what.builds()
        && let Some(number) = step.number
        && told.request(step.number).and_then(trimtab_connect::requests::Request::word)
            == Some(Word::Approve)
    {
        // What people approved was another content, which nobody may take this for.
        located.host.label(number, &[], &[Word::Approve.label()]).map_err(refused)?;
    }
    // Nothing is closed for what cannot be sent.
    push(repository, &args.host.remote, branch, tree.base())?;
    for other in &steps {
        if let What::Supersede { by, .. } = &other.what
            && *by == batch.name
            && let Some(request) = told.request(other.number)
        {
            let say =
                format!("Superseded by `{by}`, which removes everything that this one removes.");
            let place = (&*located.host, repository, &*args.host.remote);
            close(place, (request, &told.listed), &Reason::Superseded(by.clone()), &say)?;
        }
    }
    let mut body = Vec::new();
    let wrote = applied::write(document, &mut body);
    wrote.map_err(|e| Diagnostic::new(Code::Usage, e.to_string()))?;
    let body = String::from_utf8_lossy(&body);
    let wish = Wish {
        branch: branch.clone(),
        base: located.base,
        title: applied::title(document),
        body: marker.mark(&body, None),
    };
    let proposed = propose(&*located.host, &wish, plan.open_limit(), args.again);
    let (request, became) = match proposed.map_err(refused)? {
        Proposed::Opened(request) => (request, format!("opened: {}", step.why)),
        Proposed::Updated(request) => (request, "updated".to_owned()),
        Proposed::AsItIs(request) => (request, "as it is".to_owned()),
        Proposed::Left(request, Word::Skip) => (request, "not wanted: closed".to_owned()),
        Proposed::Left(request, _) => (request, "held: left as it is".to_owned()),
    };
    Ok(Request { number: request.number, page: request.page, became })
}

/// What is told where the batch is not asked for. `None`: it is.
///
/// # Errors
/// As many are open as the team allows.
fn left(
    step: &Step,
    told: &Told,
    place: (&dyn Host, &Path, &str),
) -> Result<Option<Request>, Diagnostic> {
    let became = match &step.what {
        What::Leave => format!("left as it is: {}", step.why),
        What::Skip => format!("not wanted, and closed: {}", step.why),
        What::NotWanted | What::Reverted => {
            format!("not opened: {}; --again opens it anyway", step.why)
        }
        What::Wait if step.over.is_some() => format!("not opened: {}", step.why),
        What::Wait => {
            let help = "the branch is written; try again when one is merged or closed";
            return Err(Diagnostic::new(Code::HostRefused, step.why.clone()).help(help));
        }
        _ => return Ok(None),
    };
    let Some(request) = told.request(step.number.or(step.over)) else { return Ok(None) };
    if step.what == What::Skip {
        let say = "Closed, as its label says. It will not be opened again.";
        close(place, (request, &told.listed), &Reason::Skip, say)?;
    }
    Ok(Some(Request { number: request.number, page: request.page.clone(), became }))
}
