//! `POST /api/v1/deployments/kubernetes`: what runs in a cluster, as `kubectl get pods -A -o json`
//! prints it. Images are matched to assets of kind `image`; what is not known is told, not dropped.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_store::{Asset, JudgedBy, NewDeployment, Org, Outcome, Store, StoreError};
use utoipa::ToSchema;

use super::snapshots::refused;
use super::{has_environment, on};
use crate::access::{Action, Who};
use crate::ingest::Refused;
use crate::problem::Problem;
use crate::sent::Arriving;
use crate::state::App;
use crate::weighing::Weigher;

/// Where.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Cluster {
    /// The environment: a name of the charter.
    environment: String,
    /// A name for the cluster. With it the list is taken for all that runs there: what this cluster's last
    /// list had, and neither this one nor another cluster's has, is noted as stopped.
    cluster: Option<String>,
}

/// The most different images of one list.
const MOST: usize = 10_000;

#[derive(Debug, Deserialize)]
struct List {
    items: Vec<Pod>,
}

#[derive(Debug, Deserialize)]
struct Pod {
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    containers: Vec<Container>,
    init_containers: Vec<Container>,
}

#[derive(Debug, Deserialize)]
struct Container {
    #[serde(default)]
    name: String,
    image: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: String,
    container_statuses: Vec<Pulled>,
    init_container_statuses: Vec<Pulled>,
}

#[derive(Debug, Deserialize)]
struct Pulled {
    #[serde(default)]
    name: String,
    #[serde(rename = "imageID", default)]
    image_id: String,
}

/// An image that runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Image {
    /// As the pod names it.
    written: String,
    /// Without tag and digest.
    repository: String,
    tag: Option<String>,
    /// `sha256:…`, from the name or from what the cluster pulled.
    digest: Option<String>,
}

impl Image {
    fn read(written: &str, pulled: Option<&str>) -> Image {
        let (name, digest) = match written.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (written, pulled.and_then(|p| p.rsplit_once('@')).map(|(_, digest)| digest)),
        };
        // A colon before a slash is a port.
        let (repository, tag) = match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
            _ => (name, None),
        };
        Image {
            written: written.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(ToOwned::to_owned),
            digest: digest.map(ToOwned::to_owned),
        }
    }

    /// The names that an asset of it may have, the closest first; and whether each says which image of
    /// the repository it is.
    fn names(&self) -> Vec<(String, bool)> {
        let mut repositories = vec![self.repository.clone()];
        // A pod may name the registry where the asset does not; what is first called `library/` has the
        // short name, too.
        let place = |host: &str| host.contains(['.', ':']);
        if let Some((_, rest)) = self.repository.split_once('/').filter(|(host, _)| place(host)) {
            repositories.push(rest.to_owned());
            repositories.extend(rest.strip_prefix("library/").map(ToOwned::to_owned));
        }
        let mut names = Vec::new();
        if let Some(digest) = &self.digest {
            names.extend(repositories.iter().map(|r| (format!("{r}@{digest}"), true)));
        }
        if let Some(tag) = &self.tag {
            names.extend(repositories.iter().map(|r| (format!("{r}:{tag}"), true)));
        }
        names.extend(repositories.into_iter().map(|r| (r, false)));
        names
    }
}

/// The images of pods that run, each once.
fn images(list: &List) -> BTreeSet<Image> {
    let mut images = BTreeSet::new();
    for pod in &list.items {
        // A pod that ended does not run any more.
        if matches!(pod.status.phase.as_str(), "Succeeded" | "Failed") {
            continue;
        }
        let states = [&pod.status.container_statuses, &pod.status.init_container_statuses];
        for container in pod.spec.containers.iter().chain(&pod.spec.init_containers) {
            let Some(written) = container.image.as_deref().filter(|i| !i.is_empty()) else {
                continue;
            };
            let pulled = states.iter().copied().flatten().find(|s| s.name == container.name);
            images.insert(Image::read(written, pulled.map(|s| s.image_id.as_str())));
        }
    }
    images
}

/// An image of which it is not clear what it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UnclearImage)]
pub(crate) struct Unclear {
    image: String,
    asset: String,
    why: &'static str,
}

/// An asset that runs there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunningAsset)]
pub(crate) struct Runs {
    asset: String,
    snapshot: i64,
    images: Vec<String>,
    /// `known`: nothing is new; `deployed`: it is noted.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment: Option<i64>,
}

/// What runs there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClusterSeen)]
pub(crate) struct Seen {
    environment: String,
    assets: Vec<Runs>,
    /// Assets that ran there and no longer do. `null`: it was not asked, for the cluster has no name or its
    /// list is empty.
    stopped: Option<Vec<String>>,
    /// Images of which there is no asset.
    unknown: Vec<String>,
    unclear: Vec<Unclear>,
}

/// Takes what runs in a cluster in, as `kubectl get pods -A -o json` prints it.
#[utoipa::path(post, path = "/api/v1/deployments/kubernetes", tag = "deployments",
    operation_id = "kubernetes", params(Cluster),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Seen)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Query(cluster): Query<Cluster>,
    arriving: Arriving,
) -> Result<(StatusCode, Json<Seen>), Problem> {
    if !who.may_somewhere(Action::Deploy) {
        return Err(Problem::forbidden(Action::Deploy));
    }
    let sent = arriving.read(&app).await?;
    let list = sent.with(|from| serde_json::from_reader::<_, List>(from)).await;
    let list = list.map_err(refused)?;
    let list = list.map_err(|e| {
        Problem::invalid(format!("This is not what `kubectl get pods -A -o json` prints: {e}"))
    })?;
    let images = images(&list);
    if images.len() > MOST {
        return Err(Problem::invalid(format!("There are more than {MOST} different images.")));
    }
    if cluster.cluster.as_ref().is_some_and(|name| name.trim().is_empty() || name.len() > 200) {
        return Err(Problem::invalid("`cluster` must be a name of at most 200 bytes."));
    }
    let runs = !images.is_empty();
    let now = app.now();
    let agreed = app.agreed(who.org, now).await?;
    has_environment(&agreed.charter, &cluster.environment)?;
    let mut seen = BTreeSet::new();
    let (mut unknown, mut unclear) = (Vec::new(), Vec::new());
    let mut wanted: BTreeMap<i64, (Asset, i64, Vec<String>)> = BTreeMap::new();
    for image in images {
        let found = find(&app.store, who.org, &image).await?;
        let Some((asset, exact)) = found else {
            unknown.push(image.written);
            continue;
        };
        // What they may not touch is as if it were not there.
        if !who.may(Action::Deploy, on(&app.store, who.org, asset.system).await?) {
            unknown.push(image.written);
            continue;
        }
        seen.insert(asset.id);
        let Some(snapshot) = snapshot(&app.store, who.org, &asset, &image, exact).await? else {
            let why = "no snapshot of the asset has this tag or digest as revision or build";
            unclear.push(Unclear { image: image.written, asset: asset.name, why });
            continue;
        };
        let entry = wanted.entry(asset.id).or_insert_with(|| (asset, snapshot, Vec::new()));
        if entry.1 != snapshot {
            let why = "more than one version of it runs: the oldest counts until it is gone";
            let (image, asset) = (image.written.clone(), entry.0.name.clone());
            unclear.push(Unclear { image, asset, why });
        }
        entry.1 = entry.1.min(snapshot);
        entry.2.push(image.written);
    }
    let index = app.index().ok_or(Refused::NoIndex).map_err(refused)?;
    let production = agreed.production();
    let weigher = Weigher::new(&agreed, index, now);
    let deploy = Deploy { app: &app, who: &who, production: &production, weigher: &weigher, now };
    let mut told = Vec::new();
    for (asset, snapshot, images) in wanted.into_values() {
        let details = app.store.asset(who.org, asset.id).await?;
        let same = details.is_some_and(|d| {
            d.running.iter().any(|r| r.environment == cluster.environment && r.snapshot == snapshot)
        });
        let state = if same { "known" } else { "deployed" };
        let mut one = Runs { asset: asset.name, snapshot, images, state, deployment: None };
        if !same {
            let new = NewDeployment {
                asset: asset.id,
                environment: cluster.environment.clone(),
                snapshot,
                outcome: Outcome::Ok,
                at: now,
            };
            one.deployment = Some(deploy.note(&new).await?);
        }
        told.push(one);
    }
    let mut stopped = None;
    // A cluster always runs something: a list without an image is that of somebody who may not see it.
    if let Some(name) = cluster.cluster.as_deref().filter(|_| runs) {
        stopped = Some(deploy.stop(&cluster.environment, name, seen).await?);
    }
    let seen = Seen { environment: cluster.environment, assets: told, stopped, unknown, unclear };
    Ok((StatusCode::OK, Json(seen)))
}

/// How deployments are noted.
struct Deploy<'d> {
    app: &'d App,
    who: &'d Who,
    production: &'d [String],
    weigher: &'d Weigher<'d>,
    now: Timestamp,
}

impl Deploy<'_> {
    async fn note(&self, new: &NewDeployment) -> Result<i64, Problem> {
        let weigh = |known: &_| self.weigher.weigh(known);
        let (org, actor) = (self.who.org, self.who.actor());
        let store = &self.app.store;
        let done = store
            .add_deployment(org, new, JudgedBy::new(self.production, &weigh, self.now), &actor)
            .await?;
        crate::jobs::settled(self.app, org, self.now).await?;
        Ok(done.0)
    }

    /// Notes what a cluster runs no longer, then what it runs: who dies in between finds the same again.
    async fn stop(
        &self,
        environment: &str,
        cluster: &str,
        mut seen: BTreeSet<i64>,
    ) -> Result<Vec<String>, Problem> {
        let (store, org) = (&self.app.store, self.who.org);
        let mut stopped = Vec::new();
        for id in store.no_longer_seen(org, environment, cluster, &seen, self.now).await? {
            let Some(details) = store.asset(org, id).await? else { continue };
            let asset = details.asset;
            if !self.who.may(Action::Deploy, on(store, org, asset.system).await?) {
                // For who may: it stays in the list.
                seen.insert(id);
                continue;
            }
            let Some(ran) = details.running.iter().find(|r| r.environment == environment) else {
                continue;
            };
            let new = NewDeployment {
                asset: id,
                environment: environment.to_owned(),
                snapshot: ran.snapshot,
                outcome: Outcome::Stopped,
                at: self.now,
            };
            self.note(&new).await?;
            stopped.push(asset.name);
        }
        store.saw(org, environment, cluster, &seen, self.now).await?;
        Ok(stopped)
    }
}

/// The asset of an image, and whether its name says which image of the repository it is.
async fn find(store: &Store, org: Org, image: &Image) -> Result<Option<(Asset, bool)>, StoreError> {
    for (name, exact) in image.names() {
        let asset = store.asset_of_name(org, &name).await?;
        if let Some(asset) = asset.filter(|asset| asset.kind == "image") {
            return Ok(Some((asset, exact)));
        }
    }
    Ok(None)
}

/// The snapshot of an asset that an image is.
async fn snapshot(
    store: &Store,
    org: Org,
    asset: &Asset,
    image: &Image,
    exact: bool,
) -> Result<Option<i64>, StoreError> {
    let marks = [&image.digest, &image.tag];
    let all = store.snapshots(org, asset.id, 500).await?;
    let is = |mark: &String| {
        all.iter().find(|s| s.revision.as_ref() == Some(mark) || s.build.as_ref() == Some(mark))
    };
    let marked = marks.into_iter().flatten().find_map(is).map(|s| s.id);
    Ok(marked.or(asset.latest.filter(|_| exact)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_read_as_they_are_written() {
        let cases = [
            ("nginx", "nginx", None, None),
            ("nginx:1.25", "nginx", Some("1.25"), None),
            ("registry.example:5000/team/app", "registry.example:5000/team/app", None, None),
            ("registry.example:5000/app:v1", "registry.example:5000/app", Some("v1"), None),
            ("registry.example/app@sha256:ab", "registry.example/app", None, Some("sha256:ab")),
            ("app:v1@sha256:ab", "app", Some("v1"), Some("sha256:ab")),
        ];
        for (written, repository, tag, digest) in cases {
            let image = Image::read(written, None);
            let is = (&*image.repository, image.tag.as_deref(), image.digest.as_deref());
            assert_eq!(is, (repository, tag, digest), "{written}");
        }
        let pulled = Image::read("app:v1", Some("registry.example/app@sha256:cd"));
        assert_eq!(pulled.digest.as_deref(), Some("sha256:cd"));
        assert_eq!(Image::read("app:v1", Some("docker://1234")).digest, None);
        let names = Image::read("registry.example/library/nginx:1.25", None).names();
        for (name, exact) in [
            ("registry.example/library/nginx:1.25", true),
            ("library/nginx:1.25", true),
            ("nginx:1.25", true),
            ("nginx", false),
        ] {
            assert!(names.contains(&(name.to_owned(), exact)), "{name}: {names:?}");
        }
        let names = Image::read("team/app:v1", None).names();
        assert_eq!(names, [("team/app:v1".to_owned(), true), ("team/app".to_owned(), false)]);
    }
}
