//! Areas, whole tables and ticket types over REST, against a real process: what is held, sold,
//! given back and counted, and every way to ask for something that cannot be had.

use reqwest::Method;
use serde_json::{Value, json};

use crate::festival::{ALLOCATE, EXTEND, Festival, RELEASE, RESERVE, RETURN, now_millis};

/// A list with one line of places.
fn line(area: &str, count: u32, ticket_type: &str) -> Value {
    json!([{"area": area, "count": count, "ticketType": ticket_type}])
}

/// Of a list of counts, those under a name.
fn counts(list: &Value, name: &str, of: &str) -> [u64; 4] {
    let found = list.as_array().unwrap().iter().find(|counts| counts[name] == of);
    let counts = found.unwrap_or_else(|| panic!("no {name} {of:?} in {list}"));
    ["available", "held", "allocated", "blocked"].map(|state| counts[state].as_u64().unwrap())
}

#[tokio::test]
async fn one_hold_has_seats_a_table_and_places_of_several_types() {
    let festival = Festival::open().await;
    let held = festival
        .hold(
            "ann",
            json!({
                "ticketType": "adult",
                "seats": [
                    {"seatId": "Stalls-A-1"}, {"seatId": "Stalls-A-2", "ticketType": "child"},
                    {"seatId": "Stalls-T1"},
                ],
                "areas": [
                    {"area": "Lawn", "count": 4},
                    {"area": "Lawn", "count": 1, "ticketType": "child"},
                    {"area": "Stalls-Pit", "count": 2, "ticketType": "stander"},
                ],
            }),
        )
        .await;
    let table = ["Stalls-T1-1", "Stalls-T1-2", "Stalls-T1-3", "Stalls-T1-4"];
    let seats = [["Stalls-A-1", "Stalls-A-2"].as_slice(), &table].concat();
    assert_eq!(held["seatIds"], json!(seats));
    assert_eq!(held["seats"][1], json!({"seatId": "Stalls-A-2", "ticketType": "child"}));
    assert_eq!(held["seats"][5], json!({"seatId": "Stalls-T1-4", "ticketType": "adult"}));
    let areas = json!([
        {"area": "Lawn", "count": 4, "ticketType": "adult"},
        {"area": "Lawn", "count": 1, "ticketType": "child"},
        {"area": "Stalls-Pit", "count": 2, "ticketType": "stander"},
    ]);
    assert_eq!(held["areas"], areas);
    let hold_id = held["holdId"].as_str().unwrap();
    let found = festival.get(&format!("/v1/holds/{hold_id}?userId=ann")).await;
    assert_eq!((&found["areas"], &found["seats"]), (&held["areas"], &held["seats"]));

    // Some is sold, some given back, the rest stays.
    let of = |what: Value| {
        let mut body = what;
        body["holdId"] = json!(hold_id);
        body["userId"] = json!("ann");
        body
    };
    let part = json!({
        "seatIds": ["Stalls-T1"],
        "areas": [{"area": "Lawn", "count": 3, "ticketType": "adult"}],
    });
    let (status, sold) = festival.post(ALLOCATE, of(part)).await;
    assert_eq!((status, &sold["seatIds"]), (200, &json!(table)), "{sold}");
    assert_eq!(sold["areas"], json!([{"area": "Lawn", "count": 3, "ticketType": "adult"}]));
    let part = json!({"areas": [{"area": "Lawn", "count": 1, "ticketType": "child"}]});
    let (status, released) = festival.post(RELEASE, of(part)).await;
    assert_eq!((status, &released["seatIds"]), (200, &json!([])), "{released}");
    let found = festival.get(&format!("/v1/holds/{hold_id}")).await;
    assert_eq!(found["seatIds"], json!(["Stalls-A-1", "Stalls-A-2"]));
    assert_eq!(found["areas"][0], json!({"area": "Lawn", "count": 1, "ticketType": "adult"}));

    // What was sold comes back, in parts too.
    let back = |what: Value| {
        let mut body = what;
        body["allocationId"] = sold["allocationId"].clone();
        body["userId"] = json!("ann");
        body
    };
    let part = json!({"areas": [{"area": "Lawn", "count": 1, "ticketType": "adult"}]});
    let (status, returned) = festival.post(RETURN, back(part)).await;
    assert_eq!((status, &returned["areas"][0]["count"]), (200, &json!(1)), "{returned}");
    let (status, returned) = festival.post(RETURN, back(json!({}))).await;
    assert_eq!((status, &returned["seatIds"]), (200, &json!(table)), "{returned}");
    assert_eq!(returned["areas"][0]["count"], 2);
    let (status, problem) = festival.post(RETURN, back(json!({}))).await;
    assert_eq!((status, &problem["code"]), (404, &json!("allocation_unknown")), "{problem}");
    let verified = festival.is_sound().await;
    assert_eq!(counts(&verified["areas"], "area", "Lawn"), [49, 1, 0, 0]);
    assert_eq!(counts(&verified["ticketTypes"], "ticketType", "child"), [2, 1, 0, 0]);
}

#[tokio::test]
async fn what_cannot_be_had_is_told_by_code_area_and_type() {
    let festival = Festival::open().await;
    let adult = |what: Value| {
        let mut what = what;
        what["ticketType"] = json!("adult");
        what
    };
    let lawn = |count: u64| json!([{"area": "Lawn", "count": count}]);
    let of_type = |key: &str| json!({"seatIds": ["Stalls-A-1"], "ticketType": key});
    let table: [(Value, u16, &str); 26] = [
        (adult(json!({"areas": [{"area": "Moon", "count": 1}]})), 422, "area_unknown"),
        (adult(json!({"areas": [{"area": "Pit", "count": 1}]})), 422, "area_unknown"),
        (adult(json!({"seatIds": ["Lawn"]})), 422, "seat_unknown"),
        (adult(json!({"areas": lawn(51)})), 409, "area_full"),
        (adult(json!({"areas": lawn(4_294_967_296)})), 409, "area_full"),
        (adult(json!({"areas": lawn(u64::MAX)})), 409, "area_full"),
        (adult(json!({"areas": lawn(0)})), 422, "selection_empty"),
        (adult(json!({"areas": []})), 422, "selection_empty"),
        (
            adult(json!({"areas": [{"area": "Lawn", "count": 1}, {"area": "Lawn", "count": 2}]})),
            422,
            "seat_repeated",
        ),
        (adult(json!({"areas": vec![lawn(1)[0].clone(); 65]})), 422, "selection_too_large"),
        (json!({"areas": lawn(1)}), 422, "ticket_type_required"),
        (json!({"seatIds": ["Stalls-A-1"]}), 422, "ticket_type_required"),
        (json!({"quantity": 1}), 422, "ticket_type_required"),
        (
            json!({"seats": [{"seatId": "Stalls-A-1", "ticketType": "adult"},
                {"seatId": "Stalls-A-2"}]}),
            422,
            "ticket_type_required",
        ),
        (of_type("king"), 422, "ticket_type_unknown"),
        (json!({"quantity": 1, "ticketType": "king"}), 422, "ticket_type_unknown"),
        (of_type("stander"), 422, "ticket_type_mismatch"),
        (
            json!({"bestAvailable": {"quantity": 1, "category": "best"}, "ticketType": "stander"}),
            422,
            "ticket_type_mismatch",
        ),
        (of_type("late"), 403, "ticket_type_not_open"),
        (of_type("early"), 403, "ticket_type_closed"),
        (json!({"areas": lawn(4), "ticketType": "child"}), 409, "quota_exceeded"),
        (adult(json!({"seatIds": ["Stalls-T1-1"]})), 422, "table_not_whole"),
        (adult(json!({"seatIds": ["Stalls-T2"]})), 422, "seat_unknown"),
        (adult(json!({"seatIds": ["Stalls-T1", "Stalls-T1-2"]})), 422, "seat_repeated"),
        (adult(json!({"quantity": 7})), 409, "not_enough_together"),
        (adult(json!({"bestAvailable": {"quantity": 1, "zone": "moon"}})), 400, "invalid_request"),
    ];
    for (wanted, status, code) in table {
        festival.refused(wanted, status, code).await;
    }
    let full = festival.refused(adult(json!({"areas": lawn(51)})), 409, "area_full").await;
    assert_eq!(full["areas"], json!([{"area": "Lawn", "couldHave": 50}]));
    let unknown = adult(json!({"areas": [{"area": "Moon", "count": 1}]}));
    let unknown = festival.refused(unknown, 422, "area_unknown").await;
    assert_eq!(unknown["areas"], json!([{"area": "Moon"}]));
    let quota = json!({"areas": lawn(4), "ticketType": "child"});
    let quota = festival.refused(quota, 409, "quota_exceeded").await;
    assert_eq!((&quota["ticketType"], &quota["couldHave"]), (&json!("child"), &json!(3)));
    let early = festival.refused(of_type("late"), 403, "ticket_type_not_open").await;
    assert!(early["retryAt"].is_string() && early["retryable"] == true, "{early}");
    let half = adult(json!({"seatIds": ["Stalls-T1-1", "Stalls-T1-2"]}));
    let half = festival.refused(half, 422, "table_not_whole").await;
    let missing: Vec<&Value> =
        half["conflicts"].as_array().unwrap().iter().map(|of| &of["seatId"]).collect();
    assert_eq!(missing, ["Stalls-T1-3", "Stalls-T1-4"]);
    let verified = festival.is_sound().await;
    assert_eq!(verified["liveHolds"], 0, "nothing was done");
}

#[tokio::test]
async fn parts_that_the_hold_does_not_have_are_refused() {
    let festival = Festival::open().await;
    let held = json!({
        "seatIds": ["Stalls-T1"], "areas": [{"area": "Lawn", "count": 2}], "ticketType": "adult",
    });
    let held = festival.hold("ann", held).await;
    let table: [(Value, u16, &str); 10] = [
        (json!({"areas": line("Lawn", 3, "adult")}), 422, "seat_not_in_hold"),
        (json!({"areas": line("Lawn", 1, "child")}), 422, "seat_not_in_hold"),
        (json!({"areas": [{"area": "Lawn", "count": 1}]}), 422, "seat_not_in_hold"),
        (json!({"areas": line("Moon", 1, "adult")}), 422, "seat_not_in_hold"),
        (json!({"areas": line("Lawn", 1, "king")}), 422, "seat_not_in_hold"),
        (json!({"seatIds": ["Stalls-T1-1"]}), 422, "table_not_whole"),
        (json!({"areas": [], "seatIds": []}), 422, "selection_empty"),
        (json!({"areas": line("Lawn", 0, "adult")}), 422, "selection_empty"),
        (json!({"seats": [{"seatId": "Stalls-T1-1"}]}), 400, "invalid_request"),
        (json!({"ticketType": "adult"}), 400, "invalid_request"),
    ];
    for (mut body, status, code) in table {
        body["holdId"] = held["holdId"].clone();
        body["userId"] = json!("ann");
        for path in [ALLOCATE, RELEASE] {
            let (found, problem) = festival.post(path, body.clone()).await;
            assert_eq!((found, &problem["code"]), (status, &json!(code)), "{body}: {problem}");
        }
    }
    let (_, sold) =
        festival.post(ALLOCATE, json!({"holdId": held["holdId"], "userId": "ann"})).await;
    for (mut body, status, code) in [
        (json!({"areas": line("Lawn", 3, "adult")}), 422, "seat_not_in_allocation"),
        (json!({"seatIds": ["Stalls-A-1"]}), 422, "seat_not_in_allocation"),
        (json!({"seatIds": []}), 422, "selection_empty"),
        (json!({"userId": "bob"}), 404, "allocation_unknown"),
        (json!({"allocationId": "f".repeat(32)}), 404, "allocation_unknown"),
        (json!({"allocationId": "12"}), 400, "invalid_request"),
    ] {
        for (field, value) in [("allocationId", &sold["allocationId"]), ("userId", &json!("ann"))] {
            if body.get(field).is_none() {
                body[field] = value.clone();
            }
        }
        let (found, problem) = festival.post(RETURN, body.clone()).await;
        assert_eq!((found, &problem["code"]), (status, &json!(code)), "{body}: {problem}");
    }
}

#[tokio::test]
async fn the_engine_chooses_within_a_zone_and_gives_out_types_in_order() {
    let festival = Festival::open().await;
    let types = json!([{"ticketType": "adult", "count": 2}, {"ticketType": "child", "count": 1}]);
    let wish = json!({"bestAvailable": {"zone": "far", "ticketTypes": types}});
    let held = festival.hold("ann", wish).await;
    let seats = held["seats"].as_array().unwrap();
    assert!(seats.iter().all(|seat| seat["seatId"].as_str().unwrap().starts_with("Balcony-A-")));
    let keys: Vec<&Value> = seats.iter().map(|seat| &seat["ticketType"]).collect();
    assert_eq!(keys, ["adult", "adult", "child"]);
    let short = festival.hold("bob", json!({"quantity": 2, "ticketType": "adult"})).await;
    assert_eq!(short["seats"].as_array().map(Vec::len), Some(2));
    // A wish in one request with places could be met in half: it is not taken.
    let both =
        json!({"quantity": 1, "areas": [{"area": "Lawn", "count": 1}], "ticketType": "adult"});
    festival.refused(both, 400, "invalid_request").await;
}

#[tokio::test]
async fn a_quota_comes_back_with_what_was_held() {
    let festival = Festival::open().await;
    let three = json!({"areas": [{"area": "Lawn", "count": 3}], "ticketType": "child"});
    let held = festival.hold("ann", three.clone()).await;
    let problem = festival.refused(three.clone(), 409, "quota_exceeded").await;
    assert_eq!((&problem["retryable"], &problem["couldHave"]), (&json!(true), &json!(0)));
    let whole = json!({"holdId": held["holdId"], "userId": "ann"});
    assert_eq!(festival.post(RELEASE, whole).await.0, 200);
    festival.hold("bob", three).await;
}

#[tokio::test]
async fn every_count_is_told_with_its_version_and_adds_up() {
    let festival = Festival::open().await;
    let uri = "/v1/seats/availability?eventId=2&by=section,category,ticketType,area,seat";
    let before = festival.get(uri).await;
    let held = json!({
        "seatIds": ["Stalls-A-1", "Balcony-A-1"], "ticketType": "adult",
        "areas": [{"area": "Stalls-Pit", "count": 5}],
    });
    let held = festival.hold("ann", held).await;
    let part = json!({"holdId": held["holdId"], "userId": "ann", "seatIds": ["Balcony-A-1"]});
    assert_eq!(festival.post(ALLOCATE, part).await.0, 200);
    let block = json!({"eventId": 2, "areas": [{"area": "Lawn", "count": 10}]});
    assert_eq!(festival.organize("/v1/seats/block", block).await.0, 200);
    let after = festival.get(uri).await;
    assert!(after["version"].as_u64() > before["version"].as_u64());
    assert_eq!(
        (&after["held"], &after["allocated"], &after["capacity"]),
        (&json!(1), &json!(1), &json!(22))
    );
    let places = json!({"available": 55, "held": 5, "allocated": 0, "blocked": 10, "capacity": 70});
    assert_eq!(after["places"], places);
    // Six and three seats in rows, eight at tables, twenty places.
    assert_eq!(counts(&after["sections"], "section", "Stalls"), [31, 6, 0, 0]);
    assert_eq!(counts(&after["sections"], "section", "Balcony"), [4, 0, 1, 0]);
    assert_eq!(counts(&after["sections"], "section", ""), [40, 0, 0, 10]);
    assert_eq!(counts(&after["categories"], "category", "stand"), [55, 5, 0, 10]);
    assert_eq!(counts(&after["categories"], "category", "rest"), [5, 0, 1, 0]);
    assert_eq!(counts(&after["ticketTypes"], "ticketType", "adult"), [85, 6, 1, 0]);
    assert_eq!(counts(&after["ticketTypes"], "ticketType", "child"), [3, 0, 0, 0]);
    assert_eq!(counts(&after["areas"], "area", "Stalls-Pit"), [15, 5, 0, 0]);
    assert_eq!(counts(&after["areas"], "area", "Lawn"), [40, 0, 0, 10]);
    // 22 seats: all free, then without the first and the eighteenth.
    assert_eq!(before["availableSeats"], "//8/");
    assert_eq!(after["availableSeats"], "/v89");
    assert_eq!(after["closed"], false);
}

#[tokio::test]
async fn a_map_shows_where_a_seat_is_and_its_tag_changes_with_an_area() {
    let festival = Festival::open().await;
    let map = festival.get("/v1/events/2/seats").await;
    let seat = |label: &str| {
        let found = map["seats"].as_array().unwrap().iter().find(|seat| seat["seatId"] == label);
        let mut seat = found.unwrap_or_else(|| panic!("no {label}")).clone();
        for position in ["x", "y"] {
            assert!(seat.as_object_mut().unwrap().remove(position).unwrap().is_number());
        }
        seat
    };
    let expected = json!({
        "seatId": "Stalls-T1-1", "section": "Stalls", "category": "best", "zone": "near",
        "floor": "Ground", "entrance": "Door 1", "table": "Stalls-T1", "tableIsWhole": true,
        "status": "available",
    });
    assert_eq!(seat("Stalls-T1-1"), expected);
    assert_eq!(seat("Stalls-T2-1").get("tableIsWhole"), None);
    assert_eq!(seat("Stalls-B-3")["entrance"], "Door 2");
    let balcony = json!({
        "seatId": "Balcony-A-1", "section": "Balcony", "row": "A", "category": "rest",
        "zone": "far", "floor": "First", "status": "available",
    });
    assert_eq!(seat("Balcony-A-1"), balcony);
    let pit = json!({
        "area": "Stalls-Pit", "section": "Stalls", "category": "stand",
        "available": 20, "held": 0, "allocated": 0, "blocked": 0, "capacity": 20,
    });
    assert_eq!(map["areas"][0], pit);

    for path in ["/v1/events/2/seats", "/v1/events/2/seats?view=statuses"] {
        let ask = async |tag: &str| {
            let request = festival.request(Method::GET, path).header("If-None-Match", tag);
            let response = request.send().await.unwrap();
            let tag = response.headers()["etag"].to_str().unwrap().to_owned();
            (response.status().as_u16(), tag, response.text().await.unwrap())
        };
        let (status, tag, _) = ask("none").await;
        assert_eq!((status, ask(&tag).await.0), (200, 304));
        let places = json!({"areas": [{"area": "Stalls-Pit", "count": 2}], "ticketType": "adult"});
        festival.hold("ann", places).await;
        let (status, new_tag, body) = ask(&tag).await;
        assert!(status == 200 && new_tag != tag, "{status} {new_tag}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["areas"][0]["capacity"], 20);
        assert!(body["areas"][0]["held"].as_u64() >= Some(2), "{body}");
    }
}

#[tokio::test]
async fn events_without_types_take_none_and_buyers_limits_count_places() {
    let festival = Festival::open().await;
    let rules = json!({"buyerSeatsMax": 4, "saleClosesAt": now_millis() + 3_600_000});
    assert_eq!(festival.create(3, rules, json!([])).await.0, 201);
    let reserve = |what: Value| {
        let mut body = what;
        body["eventId"] = json!(3);
        body["userId"] = json!("ann");
        festival.post(RESERVE, body)
    };
    let lawn = |count: u32| json!([{"area": "Lawn", "count": count}]);
    let (status, problem) = reserve(json!({"areas": lawn(1), "ticketType": "adult"})).await;
    assert_eq!((status, &problem["code"]), (422, &json!("ticket_type_unknown")), "{problem}");
    let (status, problem) = reserve(json!({"areas": lawn(5)})).await;
    assert_eq!((status, &problem["code"]), (403, &json!("buyer_limit_exceeded")), "{problem}");
    assert_eq!(problem["couldHave"], 4);
    let (status, held) = reserve(json!({"areas": lawn(2), "seatIds": ["Stalls-A-1"]})).await;
    assert_eq!((status, held.get("seats")), (200, None), "{held}");
    assert_eq!(held["areas"], json!([{"area": "Lawn", "count": 2}]));
    let extend = json!({"holdId": held["holdId"], "userId": "ann"});
    assert_eq!(festival.post(EXTEND, extend).await.0, 200);
}

#[tokio::test]
async fn the_largest_bodies_of_a_crowd_end_nobodys_stream() {
    let festival = Festival::open().await;
    let labels: Vec<String> = (0..240).map(|seat| format!("{seat:0>250}")).collect();
    let large = json!({"seatIds": labels, "ticketType": "adult"});
    assert!(large.to_string().len() > 60_000);
    let crowd = (0..64).map(|_| festival.refused(large.clone(), 422, "selection_too_large"));
    let small = json!({"areas": [{"area": "Lawn", "count": 1}], "ticketType": "adult"});
    let others = (0..10).map(|_| festival.hold("ann", small.clone()));
    futures::join!(futures::future::join_all(crowd), futures::future::join_all(others));
    let metrics = festival.request(Method::GET, "/metrics").send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let broken = metrics.lines().find(|line| line.starts_with("edge_pipeline_streams_broken"));
    assert!(broken.is_none_or(|line| line.ends_with(" 0")), "{broken:?}");
}
