//! Areas, ticket types and parts in requests and replies.

use super::*;

#[tokio::test]
async fn what_is_held_is_told_with_ticket_types_and_areas() {
    let router = edge();
    let lawn = json!([{ "area": "Lawn", "count": 2, "ticketType": "child" }]);
    let all = json!({
        "eventId": 1, "userId": "u1", "seatIds": ["A-1"], "ticketType": "adult", "areas": lawn,
    });
    let each = json!({
        "eventId": 1, "userId": "u1", "areas": lawn,
        "seats": [{ "seatId": "A-1", "ticketType": "adult" }],
    });
    for body in [all, each] {
        let held = post(&router, "/v1/seats/reserve", body).await.body;
        assert_eq!(held["seatIds"], json!(["A-1"]));
        assert_eq!(held["seats"], json!([{ "seatId": "A-1", "ticketType": "adult" }]));
        assert_eq!(held["areas"], lawn);
    }
    let untyped = json!({ "eventId": 1, "userId": "u1", "seatIds": ["A-1"] });
    let held = post(&router, "/v1/seats/reserve", untyped).await.body;
    assert!(held.get("seats").is_none() && held.get("areas").is_none(), "{held}");
}

#[tokio::test]
async fn parts_are_seats_places_or_both() {
    let router = edge();
    let lawn = json!([{ "area": "Lawn", "count": 2 }]);
    let of_hold = json!({ "holdId": HOLD, "userId": "u1", "areas": lawn, "seatIds": ["A-2"] });
    let released = post(&router, "/v1/seats/release", of_hold).await.body;
    assert_eq!(released, json!({ "holdId": HOLD, "seatIds": ["A-2"], "areas": lawn }));
    let returned = json!({ "allocationId": HOLD, "userId": "u1", "areas": lawn });
    let returned = post(&router, "/v1/seats/return", returned).await;
    assert_eq!((returned.status, &returned.body["areas"]), (StatusCode::OK, &lawn));
    assert_eq!(returned.body["allocationId"], HOLD);
    for uri in ["/v1/seats/allocate", "/v1/seats/release", "/v1/seats/return"] {
        let id = if uri.ends_with("return") { "allocationId" } else { "holdId" };
        for nothing in [json!({ "areas": [] }), json!({ "areas": [], "seatIds": [] })] {
            let mut body = nothing;
            body[id] = json!(HOLD);
            body["userId"] = json!("u1");
            check_refused(uri, &body.to_string(), 422, "selection_empty", &["areas"]).await;
        }
    }
}

#[tokio::test]
async fn odd_areas_and_ticket_types_are_told_what_belongs_there() {
    let with = |field: &str| format!(r#"{{"eventId":1,"userId":"u",{field}}}"#);
    let table: [(&str, &[&str]); 17] = [
        (r#""areas":{"Lawn":2}"#, &["areas", "a list of areas"]),
        (r#""areas":["Lawn"]"#, &["areas[0]", "an object"]),
        (r#""areas":[["Lawn",2]]"#, &["areas[0]", "an object"]),
        (r#""areas":[{"area":"Lawn"}]"#, &["areas[0]", "`count`"]),
        (r#""areas":[{"count":2}]"#, &["areas[0]", "`area`"]),
        (r#""areas":[{"area":"Lawn","count":-1}]"#, &["areas[0].count", "a number of seats"]),
        (r#""areas":[{"area":"","count":1}]"#, &["areas[0].area", "1 to 255"]),
        (r#""areas":[{"area":"Lawn","count":1,"row":1}]"#, &["`row`"]),
        (r#""areas":[{"area":"Lawn","count":1}],"quantity":1"#, &["areas", "seats alone"]),
        (r#""seats":["A-1"]"#, &["seats[0]", "an object"]),
        (r#""seats":"A-1""#, &["seats", "a list of seats"]),
        (r#""seats":[{"seatId":"A-1","ticketType":""}]"#, &["seats[0].ticketType", "1 to 64"]),
        (r#""seats":[{"seatId":"A-1"}],"seatIds":["A-1"]"#, &["one of", "not several"]),
        (r#""seatIds":["A-1"],"ticketType":{}"#, &["ticketType", "key"]),
        (r#""quantity":2,"bestAvailable":{"quantity":2}"#, &["not several"]),
        (r#""bestAvailable":{"ticketTypes":[["adult",2]]}"#, &["ticketTypes[0]", "an object"]),
        (
            r#""bestAvailable":{"quantity":3,"ticketTypes":[{"ticketType":"a","count":2}]}"#,
            &["add up to 2", "quantity is 3"],
        ),
    ];
    for (field, words) in table {
        check_refused("/v1/seats/reserve", &with(field), 400, "invalid_request", words).await;
    }
    let typed = format!(r#"{{"holdId":"{HOLD}","userId":"u","ticketType":"adult"}}"#);
    check_refused("/v1/seats/allocate", &typed, 400, "invalid_request", &["`ticketType`"]).await;
    let hold = format!(r#"{{"holdId":"{HOLD}","userId":"u"}}"#);
    check_refused("/v1/seats/return", &hold, 400, "invalid_request", &["`holdId`"]).await;
    let none = r#"{"eventId":1,"userId":"u","seats":[],"areas":[]}"#;
    check_refused("/v1/seats/reserve", none, 422, "selection_empty", &["areas"]).await;
}

#[tokio::test]
async fn availability_is_told_by_what_is_asked_for() {
    let router = edge();
    let uri = "/v1/seats/availability?eventId=1&by=section,category,ticketType,area,seat,area";
    let told = get(&router, uri).await.body;
    let counts = json!({ "available": 1, "held": 1, "allocated": 1, "blocked": 0, "capacity": 3 });
    for (list, name, of) in [
        ("sections", "section", ""),
        ("categories", "category", "best"),
        ("ticketTypes", "ticketType", "adult"),
        ("areas", "area", "Lawn"),
    ] {
        let mut expected = counts.clone();
        expected[name] = json!(of);
        assert_eq!(told[list], json!([expected]));
    }
    assert_eq!(told["availableSeats"], "BQ==");
    let encoded = get(&router, "/v1/seats/availability?eventId=1&by=area%2Cseat").await.body;
    assert!(encoded["areas"].is_array() && encoded.get("sections").is_none(), "{encoded}");
}

#[tokio::test]
async fn an_event_is_told_by_itself_as_in_the_list() {
    let router = edge();
    let one = get(&router, "/v1/events/2").await.body;
    let list = get(&router, "/v1/events").await.body;
    assert_eq!(one, list["events"][1]);
    assert_eq!(one["ticketTypes"], json!([{ "key": "adult" }]));
    assert_eq!((&one["places"]["capacity"], one.get("closedAt")), (&json!(7), None));
    assert_problem(&get(&router, "/v1/events/4").await, 404, "event_unknown");
}
