//! The style sheet, the script and the icon, served by names that hold a digest of their bytes: a
//! name can be kept for ever, and a new release is seen at once.

use std::sync::LazyLock;

/// A file that pages refer to.
struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const ASSETS: &[Asset] = &[
    Asset {
        name: "style.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/style.css"),
    },
    Asset {
        name: "page.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/page.js"),
    },
    Asset { name: "icon.svg", kind: "image/svg+xml", bytes: include_bytes!("../assets/icon.svg") },
];

/// `style.0123456789abcdef.css`, in the order of [`ASSETS`].
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let named = |asset: &Asset| {
        let digest = blake3::hash(asset.bytes).to_hex();
        let (stem, extension) = asset.name.split_once('.').unwrap_or((asset.name, ""));
        format!("{stem}.{}.{extension}", digest.get(..16).unwrap_or_default())
    };
    ASSETS.iter().map(named).collect()
});

/// The folder of assets on the server.
pub const FOLDER: &str = "/assets/";

/// Where an asset is on the server: `asset_url("style.css")`. Empty for a name that there is none of.
pub fn asset_url(name: &str) -> String {
    let known = ASSETS.iter().zip(NAMES.iter()).find(|(asset, _)| asset.name == name);
    known.map(|(_, named)| format!("{FOLDER}{named}")).unwrap_or_default()
}

/// The type and bytes of an asset by its name with digest, as it stands in an address.
pub fn asset(named: &str) -> Option<(&'static str, &'static [u8])> {
    let (asset, _) = ASSETS.iter().zip(NAMES.iter()).find(|(_, known)| *known == named)?;
    Some((asset.kind, asset.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_its_bytes() {
        for known in ASSETS {
            let url = asset_url(known.name);
            let (kind, bytes) = asset(url.trim_start_matches(FOLDER)).expect("served");
            assert_eq!((kind, bytes), (known.kind, known.bytes));
        }
        assert_eq!(asset("style.css"), None, "only with its digest");
        assert_eq!(asset_url("other.css"), "");
    }
}
