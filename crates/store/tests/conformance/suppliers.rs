//! Suppliers with what they deliver, links that end, documents, questions that are answered once.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_store::{
    NewQuestion, NewSupplied, NewSupplier, Org, QuestionState, Store, StoreError, System,
};

use crate::now;

fn later(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

fn supplier(name: &str) -> NewSupplier {
    NewSupplier {
        name: name.into(),
        contact: "security@northwind.example".into(),
        contract: "C-7".into(),
        contract_ends: Some(later(24)),
        obligations: json!({ "fresh_days": 90 }),
    }
}

async fn asset(store: &Store, org: Org, name: &str, system: &str) -> (i64, i64) {
    let system = System { name: system.into(), ..System::default() };
    let system = store.put_system(org, &system, "trimtab", now()).await.unwrap();
    let asset = store.put_asset(org, name, "product", Some(system), now()).await.unwrap();
    (asset.id, system)
}

pub(crate) async fn a_supplier_is_found_by_the_systems_of_its_products(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let (gateway, shop) = asset(&store, org, "gateway", "shop").await;
    let (till, cash) = asset(&store, org, "till", "cash").await;
    let new = supplier("Northwind");
    let (id, first) =
        store.add_supplier(org, &new, ("Gateway", gateway), "person:1", now()).await.unwrap();
    let second = store.add_product(org, id, ("Till", till), "person:1", now()).await.unwrap();
    let (other, _) = asset(&store, org, "other", "cash").await;
    let (fabrikam, _) = store
        .add_supplier(org, &supplier("Fabrikam"), ("Other", other), "person:1", now())
        .await
        .unwrap();
    // An asset stands for one product.
    let taken = store.add_product(org, fabrikam, ("Till", till), "person:1", now()).await;
    assert!(matches!(taken, Err(StoreError::Refused(_))), "{taken:?}");

    let ids = async |systems: Option<&[i64]>| {
        let page = store.suppliers(org, systems, None, 9).await.unwrap();
        page.rows.iter().map(|is| is.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None).await, [fabrikam, id]);
    assert_eq!(ids(Some(&[shop])).await, [id]);
    assert_eq!(ids(Some(&[cash])).await, [fabrikam, id]);
    assert_eq!(ids(Some(&[])).await, [0i64; 0]);
    let page = store.suppliers(org, None, None, 1).await.unwrap();
    let rest = store.suppliers(org, None, page.next, 1).await.unwrap();
    assert_eq!((rest.rows[0].id, rest.next), (id, None));

    let products = store.products(org, &[id, fabrikam]).await.unwrap();
    let told: Vec<(i64, Option<i64>)> = products[&id].iter().map(|p| (p.id, p.system)).collect();
    assert_eq!(told, [(first, Some(shop)), (second, Some(cash))]);
    // The system is the asset's own, also after it has moved.
    store.put_asset(org, "gateway", "product", Some(cash), now()).await.unwrap();
    assert_eq!(ids(Some(&[shop])).await, [0i64; 0]);
    let product = store.product_of(org, gateway).await.unwrap().unwrap();
    assert_eq!((product.id, product.system, &product.newest), (first, Some(cash), &None));
    assert!(store.set_release(org, &product, "4.2", "person:1", later(1)).await.unwrap());
    assert!(!store.set_release(org, &product, "4.2", "person:1", later(2)).await.unwrap());
    let product = store.product_of(org, gateway).await.unwrap().unwrap();
    assert_eq!(product.newest, Some(("4.2".into(), later(1))));

    let of = store.delivered(org, &[gateway, till, 99]).await.unwrap();
    assert_eq!(
        of.into_iter().collect::<Vec<_>>(),
        [(gateway, ("Northwind".into(), true)), (till, ("Northwind".into(), true))]
    );
    let changed = NewSupplier { contract_ends: None, ..supplier("Northwind Traders") };
    assert!(
        store
            .set_supplier(
                org,
                id,
                (&changed, Some(true), &serde_json::json!({})),
                "person:1",
                later(3)
            )
            .await
            .unwrap()
    );
    let is = store.supplier(org, id).await.unwrap().unwrap();
    assert_eq!((is.is, is.made, is.ended), (changed.clone(), now(), Some(later(3))));
    // Since when is kept, also by who says nothing of it; what ended is nobody's supplier.
    for ended in [Some(true), None] {
        let said = (&changed, ended, &serde_json::json!({}));
        assert!(store.set_supplier(org, id, said, "person:1", later(4)).await.unwrap());
        assert_eq!(store.supplier(org, id).await.unwrap().unwrap().ended, Some(later(3)));
    }
    let delivering = store.suppliers_delivering(org, None, None, 9).await.unwrap();
    assert_eq!(delivering.rows.iter().map(|is| is.id).collect::<Vec<_>>(), [fabrikam]);
    // Nobody can raise anything in what it delivered all the same.
    let of = store.delivered(org, &[gateway, other, 99]).await.unwrap();
    assert_eq!(
        of.into_iter().collect::<Vec<_>>(),
        [(gateway, ("Northwind Traders".into(), false)), (other, ("Fabrikam".into(), true))]
    );
    store
        .set_supplier(
            org,
            id,
            (&changed, Some(false), &serde_json::json!({})),
            "person:1",
            later(5),
        )
        .await
        .unwrap();
    assert_eq!(store.supplier(org, id).await.unwrap().unwrap().ended, None);

    let b = store.add_organisation("B", now()).await.unwrap();
    assert_eq!(store.supplier(b, id).await.unwrap(), None);
    assert!(
        !store
            .set_supplier(b, id, (&new, Some(false), &serde_json::json!({})), "person:1", now())
            .await
            .unwrap()
    );
    assert!(store.products(b, &[id]).await.unwrap().is_empty());
    let told = store.ledger(org, 0, 100).await.unwrap();
    let words = |what: &str| told.iter().filter(|entry| entry.data.contains(what)).count();
    assert_eq!((words("supplier-added"), words("supplier-changed")), (2, 4));
    assert_eq!((words("supplier-product"), words("supplier-release")), (3, 1));
}

pub(crate) async fn a_supplier_comes_by_a_link_until_it_ends(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let (gateway, _) = asset(&store, org, "gateway", "shop").await;
    let new = supplier("Northwind");
    let (id, _) =
        store.add_supplier(org, &new, ("Gateway", gateway), "person:1", now()).await.unwrap();
    let add = async |digest: &str, hours: i64| {
        let of = (id, "Release engineering", 1);
        store.add_supplier_link(org, of, (digest, later(hours)), "person:1", now()).await.unwrap()
    };
    let (first, second) = (add("d1", 2).await, add("d2", 9).await);
    let is = store.supplier_link("d1", later(1)).await.unwrap().unwrap();
    assert_eq!((is.id, is.org, is.supplier, is.expires), (first, org, id, later(2)));
    assert!(is.holds(later(1)) && !is.holds(later(2)));
    assert_eq!(store.supplier_link("d1", later(2)).await.unwrap(), None, "it ended");
    assert_eq!(store.supplier_link("d3", later(1)).await.unwrap(), None);
    // Not at the full hour before, which may be before the link was made.
    let used = later(1) + SignedDuration::from_mins(20);
    store.note_supplier_link(&is, used).await.unwrap();
    let listed = store.supplier_links(org, id).await.unwrap();
    assert_eq!(
        listed.iter().map(|l| (l.id, l.used)).collect::<Vec<_>>(),
        [(second, None), (first, Some(used))]
    );
    // Who delivers nothing any longer has no link that holds.
    store
        .set_supplier(org, id, (&new, Some(true), &serde_json::json!({})), "person:1", now())
        .await
        .unwrap();
    assert_eq!(store.supplier_link("d2", later(1)).await.unwrap(), None);
    store
        .set_supplier(org, id, (&new, Some(false), &serde_json::json!({})), "person:1", now())
        .await
        .unwrap();
    assert_eq!(store.supplier_link("d2", later(1)).await.unwrap(), None, "it ended for good");
    let third = add("d3", 9).await;
    assert!(store.supplier_link("d3", later(1)).await.unwrap().is_some());
    assert!(!store.withdraw_supplier_link(org, (id + 1, third), "person:1", now()).await.unwrap());
    assert!(store.withdraw_supplier_link(org, (id, third), "person:1", now()).await.unwrap());
    assert!(!store.withdraw_supplier_link(org, (id, third), "person:1", now()).await.unwrap());
    assert_eq!(store.supplier_link("d3", later(1)).await.unwrap(), None, "withdrawn");
    let told = store.ledger(org, 0, 100).await.unwrap();
    assert!(told.iter().all(|entry| !entry.data.contains("d1")), "no digest is told");
}

pub(crate) async fn what_came_and_what_was_asked_is_kept(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let (gateway, _) = asset(&store, org, "gateway", "shop").await;
    let new = supplier("Northwind");
    let (id, product) =
        store.add_supplier(org, &new, ("Gateway", gateway), "person:1", now()).await.unwrap();
    let document = |kind: &str, link: Option<i64>| NewSupplied {
        supplier: id,
        product,
        asset: gateway,
        kind: kind.into(),
        version: "4.2".into(),
        document: "abc".into(),
        link,
        made: Some(later(-5)),
        told: json!({ "format": "cyclonedx" }),
    };
    let sbom = store.add_supplied(org, &document("sbom", Some(1)), "supplier:1", now()).await;
    let sbom = sbom.unwrap();
    let vex = store.add_supplied(org, &document("vex", None), "person:1", later(1)).await.unwrap();
    let ids = async |kind: Option<&str>| {
        let page = store.supplied(org, (&[product], kind), None, 9).await.unwrap();
        page.rows.iter().map(|is| is.id).collect::<Vec<_>>()
    };
    assert_eq!((ids(None).await, ids(Some("sbom")).await), (vec![vex, sbom], vec![sbom]));
    assert!(store.supplied(org, (&[], None), None, 9).await.unwrap().rows.is_empty());
    let of = async |version: &str| store.sbom_of(org, product, version).await.unwrap();
    assert_eq!(of("4.2").await.map(|is| is.id), Some(sbom));
    assert_eq!(of("4.3").await, None);
    let is = store.supplied_numbered(org, sbom).await.unwrap().unwrap();
    assert_eq!(is.is, NewSupplied { asset: 0, ..document("sbom", Some(1)) });
    assert_eq!((is.received, is.actor.as_str(), &is.taken), (now(), "supplier:1", &None));
    // Only what came by a link counts against them.
    assert_eq!(store.count_supplied(org, id, later(-1)).await.unwrap(), 1);
    assert_eq!(store.count_supplied(org, id, later(1)).await.unwrap(), 0);
    // Statements hold once; an SBOM states nothing.
    assert!(!store.take_supplied(org, (sbom, gateway), "person:1", later(2)).await.unwrap());
    assert!(store.take_supplied(org, (vex, gateway), "person:1", later(2)).await.unwrap());
    assert!(!store.take_supplied(org, (vex, gateway), "person:2", later(3)).await.unwrap());
    let is = store.supplied_numbered(org, vex).await.unwrap().unwrap();
    assert_eq!(is.taken, Some((later(2), "person:1".into())));

    let question = |words: &str| NewQuestion {
        supplier: id,
        product,
        finding: Some(5),
        vulnerability: Some("CVE-2026-1".into()),
        words: words.into(),
        author: 1,
        author_role: "security".into(),
        due: later(48),
    };
    let ask = async |words: &str| {
        let new = question(words);
        store.add_question(org, (&new, gateway), "person:1", now()).await.unwrap()
    };
    let (first, second) = (ask("Are you?").await, ask("When?").await);
    let waiting = store.questions_waiting(org, &[product], 9).await.unwrap();
    assert_eq!(waiting.iter().map(|is| is.id).collect::<Vec<_>>(), [first, second]);
    assert_eq!(store.questions_waiting(org, &[product], 1).await.unwrap().len(), 1);
    assert_eq!(store.questions_waiting(org, &[], 9).await.unwrap(), []);
    let answer = json!({ "status": "affected" });
    let of = |supplier: i64, question: i64| (supplier, question, 1);
    let say = async |supplier: i64, question: i64| {
        let told = (&answer, gateway);
        let of = of(supplier, question);
        store.answer_question(org, of, told, "supplier:1", later(3)).await.unwrap()
    };
    assert!(!say(id + 1, first).await, "of another supplier");
    assert!(say(id, first).await && !say(id, first).await, "once");
    assert!(store.withdraw_question(org, (second, gateway), "person:1", later(3)).await.unwrap());
    assert!(!say(id, second).await, "nobody wants to know");
    assert!(!store.withdraw_question(org, (first, gateway), "person:1", later(4)).await.unwrap());
    store.note_decision_of(org, first, 9).await.unwrap();
    let is = store.question(org, first).await.unwrap().unwrap();
    assert_eq!((is.is, is.state), (question("Are you?"), QuestionState::Answered));
    assert_eq!((is.answer, is.decision), (Some((later(3), answer.clone())), Some(9)));
    let in_state = async |state| {
        let page = store.questions(org, (&[product], state), None, 9).await.unwrap();
        page.rows.iter().map(|is| is.id).collect::<Vec<_>>()
    };
    assert_eq!(in_state(None).await, [second, first]);
    assert_eq!(in_state(Some(QuestionState::Asked)).await, [0i64; 0]);
    assert_eq!(in_state(Some(QuestionState::Withdrawn)).await, [second]);
    assert_eq!(store.questions_of(org, 5).await.unwrap().len(), 2);
    let told = store.ledger(org, 0, 100).await.unwrap();
    let words = |what: &str| told.iter().filter(|entry| entry.data.contains(what)).count();
    assert_eq!((words("supplier-document-taken"), words("supplier-answer")), (1, 1));
}
