//! SPDX 2.2 and 2.3 as YAML: the JSON document in another syntax. See `spdx_json.rs`.

use trimtab_model::{Diagnostic, FileInventory};

use super::{sbom, spdx_json};
use crate::read::yaml;
use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "spdx-yaml",
    title: "SPDX 2 YAML",
    family: None,
    kind: FormatKind::Sbom,
    names: "*.spdx.yaml,*.spdx.yml,spdx.yaml,spdx.yml",
    claims: |path| {
        sbom::named(
            path,
            &["spdx.yaml", "spdx.yml"],
            &[".spdx.yaml", ".spdx.yml", "-spdx.yaml", "-spdx.yml", ".spdx"],
        )
    },
    sniff: Some(sniff),
    extract,
};

fn sniff(bytes: &[u8]) -> bool {
    let starts = |line: &[u8]| {
        line.starts_with(b"spdxVersion:")
            || line.starts_with(b"\"spdxVersion\":")
            || line.starts_with(b"SPDXID: \"")
    };
    let is_tag_value = bytes.split(|b| *b == b'\n').any(|l| l.starts_with(b"SPDXVersion:"));
    !is_tag_value && bytes.split(|b| *b == b'\n').any(starts)
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = yaml::parse(&text)?;
    spdx_json::read(doc.root())
}
