//! What needs somebody, as *Today* and the page of each list draw it.

mod page;
mod rows;

use trimtab_model::Role;
use trimtab_pages::page::Side;
use trimtab_pages::part::{Column, Empty, Figure, Figures, Link, Pager, Row, Table};

pub(crate) use page::page;

use crate::facts::needs::{Asking, BEGINNING, List, Rows, Told};
use crate::problem::Problem;

/// Where a list is shown.
pub(super) fn address(list: List, side: Option<Role>) -> String {
    let word = list.word();
    side.map_or_else(|| format!("/today/{word}"), |side| format!("/today/{word}?side={side}"))
}

/// How many decisions they may answer, whether there may be more, and where they are listed.
pub(super) fn answers(asking: &Asking<'_>) -> (usize, bool, String) {
    let (number, is_least) = asking.answers();
    (number, is_least, address(List::Answers, None))
}

/// What needs each side that they hold; the one that they look from first.
///
/// # Errors
/// The store does not answer.
pub(super) async fn sides(asking: &Asking<'_>) -> Result<Vec<Side>, Problem> {
    let mut sides = Vec::new();
    for (role, lists) in asking.sides(BEGINNING).await? {
        let (mut figures, mut begun) = (Vec::new(), Vec::new());
        for (list, told) in lists {
            let address = address(list, Some(role));
            figures
                .push(Figure::of(told.number(), list.label(), address.clone()).or_one(one(list)));
            if told.count > 0 {
                let drawn = Drawn::of(asking, &told).await?;
                begun.push((Link::to(list.title(), address), beginning(&told, drawn, list)));
            }
        }
        sides.push(Side { name: title(role), figures: Figures(figures), lists: begun });
    }
    Ok(sides)
}

/// What stands under the number of a list where it is one.
fn one(list: List) -> &'static str {
    match list {
        List::Answers => "decision to answer",
        List::Appeals => "emergency or dispute to answer",
        List::Charters => "charter to agree to",
        List::Changes => "change of this window",
        List::Ending => "exception ends within 14 days",
        List::Suppliers => "promise or answer owed",
        List::Tierless => "system without a tier",
        List::Ownerless => "system without an owner",
        List::Broken => "failed deployment",
        List::Jobs => "job given up",
        List::Upkeep => "upkeep task of the server",
        List::Unweighed => "finding to assess",
        List::Choices | List::Fresh | List::Rollouts | List::Teams => "",
    }
}

/// A side as a title.
fn title(role: Role) -> String {
    let mut letters = role.as_str().chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

/// How a list begins, on *Today*.
fn beginning(told: &Told, drawn: Drawn, list: List) -> Table {
    let (shown, number) = (drawn.rows.len(), told.number());
    let pager = (told.count > i64::try_from(shown).unwrap_or(i64::MAX))
        .then(|| Pager { shown: format!("The first {shown} of {number}"), ..Pager::default() });
    Table { pager, ..drawn.table(list) }
}

/// The rows of a list as they are drawn.
struct Drawn {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

impl Drawn {
    async fn of(asking: &Asking<'_>, told: &Told) -> Result<Drawn, Problem> {
        Ok(match &told.rows {
            Rows::Answers(all) => rows::answers(asking, all).await?,
            Rows::Appeals(all) => rows::appeals(asking, all).await?,
            Rows::Charters(all) => rows::charters(asking, all).await?,
            Rows::Ending(all) => rows::ending(asking, all).await?,
            Rows::Changes(all) => rows::changes(asking, all),
            Rows::Systems(all) => rows::systems(asking, all),
            Rows::Owed(all) => rows::owed(asking, all),
            Rows::Findings(all) => rows::findings(asking, all),
            Rows::Rollouts(all) => rows::rollouts(asking, all),
            Rows::Broken(all) => rows::broken(asking, all),
            Rows::Jobs(all) => rows::jobs(asking, all),
            Rows::Upkeep(all) => rows::upkeep(asking, all),
            Rows::Teams(all) => rows::teams(asking, all),
        })
    }

    fn table(self, list: List) -> Table {
        Table {
            title: list.title().to_owned(),
            columns: self.columns,
            rows: self.rows,
            empty: Empty {
                why: "Nothing is waiting here now.".to_owned(),
                next: Some(Link::to("Back to Today", "/")),
            },
            ..Table::default()
        }
    }
}
