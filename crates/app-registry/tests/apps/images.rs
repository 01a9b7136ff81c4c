//! `PUT` and `GET /v1/apps/{id}/image`

use std::io::Cursor;

use axum::http::{Method, StatusCode};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};
use serde_json::json;
use stage::{Answer, Client};

use crate::stage::{Stage, complete, draft};

/// A PNG of this size.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    encoded(ImageFormat::Png, width, height)
}

/// Sets the image of the app at this path; what it is said to be does not matter.
pub async fn put_image(client: &Client, app: &str, bytes: Vec<u8>) -> Answer {
    client.put_bytes(&format!("{app}/image"), "text/plain", bytes).await
}

fn encoded(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, height).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn pixels(file: &[u8]) -> DynamicImage {
    image::load_from_memory(file).unwrap()
}

#[tokio::test]
async fn of_a_photograph_nobody_learns_where_it_was_taken() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let path = format!("/v1/apps/{}", developer.post("/v1/apps", draft()).await.field("id"));
    for file in [
        &include_bytes!("../pictures/camera.jpg")[..],
        &include_bytes!("../pictures/camera.png")[..],
    ] {
        put_image(&developer, &path, file.to_vec()).await.expect(200);
        let shown = developer.get(&format!("{path}/image")).await.body;
        let told: [&[u8]; 4] = [b"Camera maker", b"2026:11:27", b"MPF", b"of the camera"];
        for told in told {
            assert!(!shown.windows(told.len()).any(|part| part == told), "{told:?}");
        }
        let read = |file| ImageReader::new(Cursor::new(file)).with_guessed_format().unwrap();
        let mut decoder = read(&shown[..]).into_decoder().unwrap();
        assert_eq!(decoder.orientation().unwrap(), Orientation::Rotate90);
        let profile = decoder.icc_profile().unwrap();
        assert!(profile.is_some());
        assert_eq!(profile, read(file).into_decoder().unwrap().icc_profile().unwrap());
        assert_eq!(pixels(&shown), pixels(file));
    }
}

#[tokio::test]
async fn an_image_is_kept_and_answered_as_what_it_is() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let id = developer.post("/v1/apps", draft()).await.field("id");
    let path = format!("/v1/apps/{id}");
    let image = format!("{path}/image");
    developer.get(&image).await.problem(404, "image-not-found");

    for (bytes, media_type) in
        [(png(9, 9), "image/png"), (encoded(ImageFormat::Jpeg, 9, 9), "image/jpeg")]
    {
        let set = put_image(&developer, &path, bytes.clone()).await;
        assert_eq!((set.status, &set.json["has_image"]), (StatusCode::OK, &json!(true)), "{set:?}");
        let answer = developer.get(&image).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(pixels(&answer.body), pixels(&bytes));
        assert_eq!(answer.header("content-type"), media_type);
        // What was answered is the same image.
        let same = put_image(&developer, &path, answer.body.to_vec()).await.expect(200);
        assert_eq!(same.json, set.json);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let tag = format!("\"{}\"", set.json["image_sha256"].as_str().unwrap());
        assert_eq!(answer.header("etag"), tag);
        let again =
            developer.request(Method::GET, &image).header("if-none-match", &tag).send().await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    }
    assert_eq!(
        stage.events_of(&id).await[1..],
        ["mandate.app.image-set.v1", "mandate.app.image-set.v1"]
    );
    let event = stage.last_event_of(&id).await;
    assert_eq!(event["data"]["media_type"], "image/jpeg");
    assert_eq!(event["data"]["size"], encoded(ImageFormat::Jpeg, 9, 9).len());
}

#[tokio::test]
async fn the_same_image_again_leaves_no_event() {
    let stage = Stage::set().await;
    let path =
        format!("/v1/apps/{}", stage.developer().post("/v1/apps", draft()).await.field("id"));
    let first = put_image(&stage.developer(), &path, png(8, 8)).await;
    let second = put_image(&stage.developer(), &path, png(8, 8)).await;
    assert_eq!((first.json["version"].clone(), second.status), (json!(2), StatusCode::OK));
    assert_eq!(second.json, first.json);
}

#[tokio::test]
async fn an_image_is_removed_from_a_draft_and_from_nothing_else() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let id = developer.post("/v1/apps", complete()).await.field("id");
    let path = format!("/v1/apps/{id}");
    let image = format!("{path}/image");
    let none = developer.delete(&image).await.expect(200);
    assert_eq!((&none.json["has_image"], &none.json["version"]), (&json!(false), &json!(1)));
    put_image(&developer, &path, png(8, 8)).await.expect(200);
    let outdated = developer.request(Method::DELETE, &image).header("if-match", "\"1\"");
    outdated.send().await.problem(412, "changed-meanwhile");
    let removed = developer.delete(&image).await.expect(200);
    assert_eq!(removed.json["has_image"], false);
    assert_eq!(removed.json["image_sha256"], json!(null));
    let again = developer.request(Method::DELETE, &image).header("if-match", "\"1\"");
    assert_eq!(again.send().await.expect(200).json, removed.json);
    developer.get(&image).await.problem(404, "image-not-found");
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM app_registry.images")
        .fetch_one(&stage.resources.pool)
        .await
        .unwrap();
    assert_eq!(kept, 0);

    put_image(&developer, &path, png(9, 9)).await.expect(200);
    developer.act(&format!("{path}/activate")).await.expect(200);
    developer.delete(&image).await.problem(409, "app-frozen");
    assert_eq!(developer.get(&image).await.body, png(9, 9));
    let kinds = ["created", "image-set", "image-removed", "image-set", "activated"];
    assert_eq!(stage.events_of(&id).await, kinds.map(|kind| format!("mandate.app.{kind}.v1")));
}

#[tokio::test]
async fn bytes_that_are_no_image_too_many_or_a_bomb_are_refused() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let path = format!("/v1/apps/{}", developer.post("/v1/apps", draft()).await.field("id"));
    let put = async |bytes: Vec<u8>| put_image(&developer, &path, bytes).await;
    put(b"<svg/>".to_vec()).await.problem(415, "image-format");
    put(Vec::new()).await.problem(415, "image-format");
    put(vec![0; 500_001]).await.problem(413, "image-too-large");
    put(vec![0; 3_000_000]).await.problem(413, "image-too-large");
    put(png(64, 64)[..60].to_vec()).await.problem(422, "image-broken");
    // The second picture of the file is no end of the first.
    let jpeg = include_bytes!("../pictures/camera.jpg");
    let half = &jpeg[..jpeg.len() / 2];
    put(half.to_vec()).await.problem(422, "image-broken");
    put([half, b"\xff\xd9"].concat()).await.problem(422, "image-broken");
    let wide = png(4097, 1);
    put(wide).await.problem(422, "image-too-many-pixels");
    assert_eq!(developer.get(&path).await.json["has_image"], false);
}

#[tokio::test]
async fn a_drafts_image_is_its_organizations_and_an_activated_apps_image_is_for_all_who_sign_in() {
    let stage = Stage::set().await;
    let (developer, stranger) = (stage.developer(), stage.stranger());
    let id = developer.post("/v1/apps", complete()).await.field("id");
    let path = format!("/v1/apps/{id}");
    put_image(&developer, &path, png(8, 8)).await;
    let image = format!("{path}/image");
    stranger.get(&image).await.problem(404, "app-not-found");
    assert_eq!(stage.operator().get(&image).await.status, StatusCode::OK);
    let activated = developer.act(&format!("{path}/activate")).await;
    assert_eq!(activated.status, StatusCode::OK, "{activated:?}");
    let event = stage.last_event_of(&id).await;
    assert_eq!(event["data"]["image_sha256"], activated.json["image_sha256"]);
    assert_eq!(stranger.get(&image).await.body, png(8, 8));
}
