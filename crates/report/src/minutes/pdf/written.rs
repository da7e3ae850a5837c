//! Writes pages that were laid out: what is drawn, what it is, and an outline of the headings.

use krilla::color::luma;
use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Stroke};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, Node as Tagged, SpanTag, TableHeaderScope, Tag,
    TagGroup, TagKind, TagTree,
};
use krilla::text::TextDirection;
use krilla::{Document, SerializeSettings};
use unicode_bidi::ParagraphBidiInfo;

use super::face::FOOT;
use super::laid::{HEIGHT, Ink, Laid, Leaf, MARGIN, Node, Part, WIDTH};
use crate::inert::one_line;

/// The pages as PDF, checked against what PDF/UA-1 asks for as far as a program can.
pub(super) fn written(title: &str, laid: Laid) -> Result<Vec<u8>, String> {
    let configuration = ConfigurationBuilder::new()
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|e| format!("{e:?}"))?;
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let title = Some(one_line(title)).filter(|title| !title.trim().is_empty());
    let title = title.unwrap_or_else(|| "Trimtab".to_owned());
    let about = Metadata::new().title(title).language("en".to_owned());
    document.set_metadata(about.producer(crate::TOOL.to_owned()));
    let size = PageSettings::from_wh(WIDTH, HEIGHT).ok_or("a page has no size")?;
    let mut drawn: Vec<Option<Identifier>> = Vec::with_capacity(laid.leaves.len());
    for number in 0..laid.pages {
        let mut page = document.start_page_with(size.clone());
        let mut surface = page.surface();
        // Pages never go back, so these are the next ones.
        let leaves = laid.leaves.iter().skip(drawn.len()).take_while(|leaf| leaf.page == number);
        for leaf in leaves {
            drawn.push(draw(&mut surface, leaf));
        }
        let counted = Artifact::with_kind(ArtifactType::PageNumber);
        surface.start_tagged(ContentTag::Artifact(counted));
        let line = format!("{} of {}", number + 1, laid.pages);
        ink(&mut surface, &Ink::Text { x: MARGIN, y: HEIGHT - MARGIN / 2.0, face: FOOT, line });
        surface.end_tagged();
        surface.finish();
        page.finish();
    }
    let mut outline = Outline::new();
    let mut tree = TagTree::new();
    for node in laid.nodes {
        if let Part::Heading(text, at) = &node.part {
            let page = node.leaves.first().and_then(|leaf| laid.leaves.get(*leaf));
            let to =
                XyzDestination::new(page.map_or(0, |leaf| leaf.page), Point::from_xy(0.0, *at));
            outline.push_child(OutlineNode::new(text.clone(), to));
        }
        tree.push(tagged(node, &mut drawn));
    }
    document.set_outline(outline);
    document.set_tag_tree(tree);
    document.finish().map_err(|e| format!("{e:?}"))
}

/// Draws what belongs together; by what name the tree refers to it, if it does.
fn draw(surface: &mut Surface<'_>, leaf: &Leaf) -> Option<Identifier> {
    let tag = match (leaf.is_content, leaf.inks.as_slice()) {
        (false, _) => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)),
        // What cannot be drawn is still read aloud, found and copied.
        (true, [Ink::Text { face, line, .. }]) => {
            let whole = (face.replaced(line) > 0).then_some(line.as_str());
            ContentTag::Span(SpanTag::empty().with_actual_text(whole))
        }
        (true, _) => ContentTag::Other,
    };
    let name = surface.start_tagged(tag);
    leaf.inks.iter().for_each(|one| ink(surface, one));
    surface.end_tagged();
    leaf.is_content.then_some(name)
}

fn ink(surface: &mut Surface<'_>, ink: &Ink) {
    match ink {
        Ink::Text { x, y, face, line } => {
            surface.set_stroke(None);
            surface.set_fill(Some(fill(0.0)));
            let mut x = *x;
            for (run, direction) in runs(&face.lettered(line)) {
                let at = Point::from_xy(x, *y);
                surface.draw_text(at, face.font(), face.size, run, false, direction);
                x += face.width(run);
            }
        }
        Ink::Rect { x, y, width, height, tone } => {
            // Of what has no height nothing is seen.
            let Some(rect) = Rect::from_xywh(*x, *y, *width, *height) else { return };
            let mut path = PathBuilder::new();
            path.push_rect(rect);
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*tone)));
            path.finish().iter().for_each(|path| surface.draw_path(path));
        }
        Ink::Line { from, to, width, tone } => {
            let mut path = PathBuilder::new();
            path.move_to(from.0, from.1);
            path.line_to(to.0, to.1);
            surface.set_fill(None);
            let paint = fill(*tone).paint;
            surface.set_stroke(Some(Stroke { paint, width: *width, ..Stroke::default() }));
            path.finish().iter().for_each(|path| surface.draw_path(path));
        }
    }
}

/// A line in the order in which it is seen, from the left: each run of one direction with that direction.
fn runs(line: &str) -> Vec<(&str, TextDirection)> {
    // Of nothing there is no order.
    if line.is_empty() {
        return Vec::new();
    }
    let order = ParagraphBidiInfo::new(line, None);
    let (levels, runs) = order.visual_runs(0..line.len());
    let of = |run: std::ops::Range<usize>| {
        let is_rtl = levels.get(run.start).is_some_and(unicode_bidi::Level::is_rtl);
        let direction = match is_rtl {
            true => TextDirection::RightToLeft,
            false => TextDirection::LeftToRight,
        };
        Some((line.get(run)?, direction))
    };
    runs.into_iter().filter_map(of).collect()
}

/// A grey, from black (0) to white (1).
fn fill(tone: f32) -> Fill {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
    let grey = (tone.clamp(0.0, 1.0) * 255.0).round() as u8;
    let paint = luma::Color::new(grey).into();
    Fill { paint, opacity: NormalizedF32::ONE, rule: FillRule::NonZero }
}

/// A part of the tree. Each leaf is referred to once.
fn tagged(node: Node, drawn: &mut [Option<Identifier>]) -> Tagged {
    let mut group = TagGroup::new(kind(node.part));
    for leaf in node.leaves {
        if let Some(name) = drawn.get_mut(leaf).and_then(Option::take) {
            group.push(name);
        }
    }
    node.of.into_iter().for_each(|node| group.push(tagged(node, drawn)));
    group.into()
}

fn kind(part: Part) -> TagKind {
    /// The title is of the first level, what stands below it of the second.
    fn heading(level: u16, text: Option<String>) -> TagKind {
        let level = std::num::NonZeroU16::new(level).unwrap_or(std::num::NonZeroU16::MIN);
        Tag::Hn(level, text).into()
    }
    match part {
        Part::Title => heading(1, Some("Title".to_owned())),
        Part::Heading(text, _) => heading(2, Some(text)),
        Part::Paragraph => Tag::P.into(),
        Part::Table => Tag::Table.into(),
        Part::Head => Tag::THead.into(),
        Part::Body => Tag::TBody.into(),
        Part::Row => Tag::TR.into(),
        Part::HeadCell => Tag::TH(TableHeaderScope::Column).into(),
        Part::Cell => Tag::TD.into(),
        Part::Figure(said) => Tag::Figure(Some(said)).into(),
    }
}
