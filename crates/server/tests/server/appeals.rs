//! What is asked for outside of the plan: who grants it by which rule of the charter, and what it comes to.

use jiff::Timestamp;
use serde_json::json;
use trimtab_model::Role;
use trimtab_store::ScopeOf::Organisation;

use crate::harness::Someone;
use crate::incidents::{People, ask, people};
use crate::updates::{World, begun};

/// Another charter is in force: somebody proposed it, and all sides agreed.
fn agreed(world: &World, who: &Someone, text: &str) {
    let (app, org, now) = (world.server.app(), world.server.org(), Timestamp::now());
    world.server.runtime.block_on(async {
        let id = app.store.propose_charter(org, text, who.id, "person:1", now).await.unwrap();
        for side in [Role::Security, Role::Engineering, Role::Product, Role::Operations] {
            let by = (side, who.id);
            app.store.agree(org, id, by, &json!({}), "person:1", now).await.unwrap();
        }
    });
}

#[test]
fn the_charter_says_who_grants_an_emergency_and_how_many() {
    let world = begun();
    world.pace();
    let server = &world.server;
    let People { sia, tom, .. } = people(&world);
    let text = "format = 1\npreset = \"framework\"\nname = \"Ours\"\n[emergencies]\n\
        may-approve = [\"operations\"]\npeople = 2\nwithin = \"2 hours\"\n[disputes]\n\
        may-decide = [\"product\"]\n";
    agreed(&world, &sia, text);
    let finding = server.open(&sia, "/api/v1/findings").json()["rows"][0]["id"].as_i64().unwrap();
    let form = server.open(&tom, &format!("/appeals/new?kind=emergency&finding={finding}")).text;
    assert!(form.contains("2 people must grant it. It waits 2 hours at most"), "{form}");
    let wanted = json!({ "kind": "emergency", "finding": finding, "reason": "it is used now" });
    let (status, asked) = ask(server, &tom, "POST", "/api/v1/appeals", &wanted);
    assert_eq!(status, 201, "{asked}");
    let path = format!("/api/v1/appeals/{}", asked["id"]);
    let is = |who: &Someone| server.open(who, &path).json();
    let told = is(&tom);
    assert_eq!((&told["sides"], &told["needs"]), (&json!(["operations"]), &json!(2)), "{told}");
    for words in
        ["“Ours”", "granted by operations, 2 people, within 2 hours", "never whoever asked"]
    {
        assert!(told["rule"].as_str().unwrap().contains(words), "{words}: {told}");
    }
    let at = |member: &str| told[member].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!(at("due").duration_since(at("asked")).as_hours(), 2);
    let [ola, pim] = ["Ola", "Pim"]
        .map(|name| server.someone(server.org(), name, &[(Role::Operations, Organisation)]));
    let granted = json!({ "state": "granted", "role": "operations", "reason": "it burns" });
    let (status, own) = ask(server, &tom, "POST", &path, &granted);
    assert_eq!(status, 409, "not who asked");
    assert!(own["detail"].as_str().unwrap().contains("requested this yourself"), "{own}");
    let security = json!({ "state": "granted", "role": "security", "reason": "it burns" });
    assert_eq!(ask(server, &sia, "POST", &path, &security).0, 422, "not this side any longer");
    let (status, one) = ask(server, &ola, "POST", &path, &granted);
    assert_eq!((status, &one["state"]), (200, &json!("asked")), "one of two: {one}");
    assert_eq!(one["consents"][0]["person"], ola.id, "{one}");
    assert_eq!(ask(server, &ola, "POST", &path, &granted).0, 409, "each once");
    let plan = || server.open(&tom, &format!("/teams/{}/plan", world.team)).text;
    assert!(!plan().contains("it is used now"), "nothing follows yet");
    let page = server.open(&ola, &path.replace("/api/v1", "")).text;
    assert!(
        page.contains("1 of 2 people") && page.contains("somebody else must grant it too"),
        "{page}"
    );
    let (status, both) = ask(server, &pim, "POST", &path, &granted);
    assert_eq!((status, &both["state"]), (200, &json!("granted")), "{both}");
    assert!(plan().contains("it is used now"), "{}", plan());
    // A dispute is decided by the side that the charter names for it, whatever its level.
    let later = json!({ "kind": "dispute", "finding": finding, "wanted": "later", "reason": "x" });
    let dispute = ask(server, &tom, "POST", "/api/v1/appeals", &later).1["id"].clone();
    let is = server.open(&tom, &format!("/api/v1/appeals/{dispute}")).json();
    assert_eq!((&is["sides"], &is["needs"]), (&json!(["product"]), &json!(1)), "{is}");
    assert!(is["rule"].as_str().unwrap().contains("a dispute is decided by product"), "{is}");
}

#[test]
fn what_was_asked_is_taken_back_by_who_asked_while_nobody_has_answered() {
    let world = begun();
    world.pace();
    let server = &world.server;
    let People { sia, tom, .. } = people(&world);
    let finding = server.open(&sia, "/api/v1/findings").json()["rows"][0]["id"].as_i64().unwrap();
    let loud = json!({ "title": "loud", "looked_for": "pkg:npm/moment" });
    let incident = ask(server, &sia, "POST", "/api/v1/incidents", &loud).1["id"].clone();
    let wanted = json!({ "kind": "emergency", "finding": finding, "incident": incident,
        "reason": "it is used now" });
    let emergency = ask(server, &tom, "POST", "/api/v1/appeals", &wanted).1["id"].clone();
    let path = format!("/api/v1/appeals/{emergency}");
    let link = format!("/appeals/{emergency}\"");
    assert!(server.open(&sia, "/").text.contains(&link));
    let none = json!({});
    assert_eq!(ask(server, &sia, "DELETE", &path, &none).0, 403, "not who asked");
    let page = server.open(&tom, &format!("/appeals/{emergency}")).text;
    assert!(page.contains("Take it back"), "{page}");
    assert!(!server.open(&sia, &format!("/appeals/{emergency}")).text.contains("Take it back"));
    let (status, back) = ask(server, &tom, "DELETE", &path, &none);
    assert_eq!((status, &back["state"]), (200, &json!("taken-back")), "{back}");
    assert_eq!(ask(server, &tom, "DELETE", &path, &none).0, 409, "once");
    // It waits for nobody, it is told where it was told, and it can be asked for again.
    let granted = json!({ "state": "granted", "role": "security", "reason": "it burns" });
    assert_eq!(ask(server, &sia, "POST", &path, &granted).0, 409);
    assert!(!server.open(&sia, "/").text.contains(&link));
    let list = server.open(&sia, "/appeals").text;
    assert!(list.contains("Every appeal has been answered.") && list.contains("taken back"));
    let room = server.open(&sia, &format!("/incidents/{incident}")).text;
    assert!(room.contains("was taken back by who asked"), "{room}");
    let history = server.open(&sia, &format!("/findings/{finding}")).text;
    assert!(history.contains("taken back by who asked"), "{history}");
    server.settle(server.org());
    let waits = server.open(&tom, &format!("/teams/{}/notices", world.team)).text;
    assert!(waits.contains("The emergency was taken back: moment in shop"), "{waits}");
    assert!(!waits.contains("Answer the emergency"), "{waits}");
    // A dispute, on its page.
    let later =
        json!({ "kind": "dispute", "finding": finding, "wanted": "later", "reason": "the season" });
    let dispute = ask(server, &tom, "POST", "/api/v1/appeals", &later).1["id"].clone();
    let form = format!("/appeals/{dispute}/take-back");
    assert_eq!(server.send(&sia, &form, &[]).status, 403);
    assert_eq!(server.send(&tom, &form, &[]).status, 303);
    assert!(server.open(&tom, &format!("/appeals/{dispute}")).text.contains("taken back"));
    let (status, again) = ask(server, &tom, "POST", "/api/v1/appeals", &wanted);
    assert_eq!(status, 201, "{again}");
}

#[test]
fn without_a_rule_for_it_only_who_answers_grants() {
    let world = begun();
    world.pace();
    let server = &world.server;
    let tom = &world.tom;
    let sia = server.someone(server.org(), "Sia", &[(Role::Security, Organisation)]);
    // Engineering may accept what is critical, and answers nothing that others ask.
    let text = "format = 1\npreset = \"framework\"\nname = \"Ours\"\n[exceptions]\n\
        may-approve = { critical = [\"engineering\"] }\n";
    agreed(&world, &sia, text);
    let finding = server.open(&sia, "/api/v1/findings").json()["rows"][0]["id"].as_i64().unwrap();
    let wanted = json!({ "kind": "emergency", "finding": finding, "reason": "it is used now" });
    let (status, asked) = ask(server, tom, "POST", "/api/v1/appeals", &wanted);
    assert_eq!(status, 201, "{asked}");
    let path = format!("/api/v1/appeals/{}", asked["id"]);
    assert_eq!(server.open(tom, &path).json()["sides"], json!(["engineering"]));
    let eli = server.someone(server.org(), "Eli", &[(Role::Engineering, Organisation)]);
    let granted = json!({ "state": "granted", "role": "engineering", "reason": "it burns" });
    assert_eq!(ask(server, &eli, "POST", &path, &granted).0, 403);
    // So nobody may answer it: admins, who give roles, see that.
    let ada = server.someone(server.org(), "Ada", &[(Role::Admin, Organisation)]);
    let list = server.open(&ada, "/api/v1/today/team-upkeep?side=admin").json();
    let rows = list["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["what"] == "answer").unwrap_or_else(|| panic!("{list}"));
    assert_eq!(row["appeal"], asked["id"], "{row}");
    let text = row["text"].as_str().unwrap();
    assert!(text.contains("nobody may answer it: give somebody the role engineering"), "{text}");
    let page = server.open(&ada, "/today/team-upkeep?side=admin").text;
    assert!(page.contains(&format!("/appeals/{}\"", asked["id"])), "{page}");
}

#[test]
fn what_is_asked_outside_of_the_plan_is_answered_by_another() {
    let world = begun();
    world.pace();
    let server = &world.server;
    let People { sia, tom, eva } = people(&world);
    let finding = server.open(&sia, "/api/v1/findings").json()["rows"][0]["id"].as_i64().unwrap();
    let loud = json!({ "title": "loud", "looked_for": "pkg:npm/moment" });
    let incident = ask(server, &sia, "POST", "/api/v1/incidents", &loud).1["id"].clone();
    let wanted = json!({ "kind": "emergency", "finding": finding, "incident": incident, "reason": "it is used now" });
    assert_eq!(ask(server, &eva, "POST", "/api/v1/appeals", &wanted).0, 404);
    let (status, asked) = ask(server, &tom, "POST", "/api/v1/appeals", &wanted);
    assert_eq!(status, 201, "{asked}");
    assert_eq!(ask(server, &tom, "POST", "/api/v1/appeals", &wanted).0, 409, "once");
    // It has hours: the team's people hear of it at once.
    server.settle(server.org());
    let waits = server.open(&tom, &format!("/teams/{}/notices", world.team)).text;
    assert!(waits.contains("Answer the emergency: moment in shop"), "{waits}");
    // So does who may answer, and nobody else.
    let today = |who| server.open(who, "/").text;
    let link = format!("/appeals/{}\"", asked["id"]);
    assert!(today(&sia).contains(&link), "{}", today(&sia));
    assert!(!today(&tom).contains(&link), "who asked");
    let path = format!("/api/v1/appeals/{}", asked["id"]);
    let is = server.open(&sia, &path).json();
    assert!(is["rule"].as_str().unwrap().contains("critical"), "{is}");
    let granted = |role: &str| json!({ "state": "granted", "role": role, "reason": "it burns" });
    assert_eq!(ask(server, &tom, "POST", &path, &granted("security")).0, 409, "not who asked");
    assert_eq!(ask(server, &eva, "POST", &path, &granted("security")).0, 404);
    assert_eq!(ask(server, &sia, "POST", &path, &granted("engineering")).0, 422, "not this side");
    let side = is["sides"][0].as_str().unwrap().to_owned();
    let lead = Role::from_word(&side).unwrap();
    let boss = server.someone(server.org(), "Boss", &[(lead, Organisation)]);
    let (status, answered) = ask(server, &boss, "POST", &path, &granted(&side));
    assert_eq!((status, &answered["state"]), (200, &json!("granted")), "{answered}");
    assert_eq!(ask(server, &boss, "POST", &path, &granted(&side)).0, 409, "once");
    // It is in the plan at once, with its reason; and in the incident and the ledger.
    let plan = server.open(&tom, &format!("/teams/{}/plan", world.team)).text;
    assert!(plan.contains("it is used now"), "{plan}");
    let room = server.open(&sia, &format!("/incidents/{incident}")).text;
    assert!(room.contains("is granted for the side of"), "{room}");
    let update = crate::updates::evidence("2.24.0", "2.30.1", &world.names[0]);
    let update = world.push(&world.lea, "/api/v1/updates?asset=shop", &update).1["update"].clone();
    let update = server.open(&sia, &format!("/updates/{update}")).text;
    assert!(update.contains("Outside of any cadence"), "{update}");

    // A dispute has its path, too, and what it comes to.
    let later =
        json!({ "kind": "dispute", "finding": finding, "wanted": "later", "reason": "the season" });
    let dispute = ask(server, &sia, "POST", "/api/v1/appeals", &later).1["id"].clone();
    let path = format!("/appeals/{dispute}");
    let own = server.open(&sia, &path).text;
    assert!(own.contains("somebody else answers") && own.contains("May answer"), "{own}");
    let fields = [("state", "refused"), ("role", side.as_str()), ("reason", "it is exploited")];
    let sent = server.send(&boss, &path, &fields);
    let page = server.open(&sia, &path).text;
    assert!(sent.status == 303 && page.contains("it is exploited"), "{sent:?} {page}");
    let list = server.open(&sia, "/appeals").text;
    assert!(list.contains("Every appeal has been answered."), "{list}");

    // What a dispute holds back has an end, which is told when it is asked, when it is granted, and in the plan's history.
    let ask_page = format!("/appeals/new?kind=dispute&finding={finding}");
    let ask_page = server.open(&sia, &ask_page).text;
    assert!(ask_page.contains("30 days at most"), "{ask_page}");
    let held = ask(server, &sia, "POST", "/api/v1/appeals", &later).1["id"].clone();
    let path = format!("/appeals/{held}");
    let fields = [("state", "granted"), ("role", side.as_str()), ("reason", "until the summer")];
    let form = server.open(&boss, &path).text;
    for words in ["Grant it: it is held back", "Refuse it: the plan stays as it is"] {
        assert!(form.contains(words), "{words}: {form}");
    }
    assert_eq!(server.send(&boss, &path, &fields).status, 303);
    let is = server.open(&sia, &format!("/api/v1/appeals/{held}")).json();
    let until: Timestamp = is["until"].as_str().unwrap().parse().unwrap();
    let days =
        until.duration_since(is["answered"].as_str().unwrap().parse().unwrap()).as_hours() / 24;
    assert!((1..=30).contains(&days) && is["ended"].is_null(), "{is}");
    assert!(server.open(&sia, &path).text.contains("Held back until"));
    let app = server.app();
    let held_there = || {
        let all = server.runtime.block_on(app.store.placements(server.org(), world.team)).unwrap();
        all.iter().any(|is| is.state == trimtab_store::PlacementState::Held)
    };
    assert!(held_there());
    let over = |at: Timestamp| {
        let all = server.runtime.block_on(app.store.holding(server.org(), Some(at), 9)).unwrap();
        all.iter().map(|is| is.id).collect::<Vec<_>>()
    };
    assert_eq!(over(until - jiff::SignedDuration::from_secs(1)), Vec::<i64>::new());
    assert_eq!(over(until), [held.as_i64().unwrap()]);
    let history = server.open(&sia, &format!("/findings/{finding}")).text;
    for told in [
        "To let it wait was asked for: the season.",
        "The dispute was granted by security, held back until",
        "<span class=\"kind\">dispute</span>",
    ] {
        assert!(history.contains(told), "{told}: {history}");
    }
    assert!(!history.contains(">changed.<"), "{history}");
    // The team is told what was decided, and not to do now what is to wait.
    server.settle(server.org());
    let waits = server.open(&tom, &format!("/teams/{}/notices", world.team)).text;
    assert!(waits.contains("moment in shop: held back until"), "{waits}");
    assert!(!waits.contains("moment in shop: nothing is planned"), "{waits}");
    let about = server.open(&sia, &format!("/findings/{finding}")).text;
    assert!(about.contains("no: held back until"), "{about}");
    assert!(about.contains("What removes it is held back until"), "{about}");
}
