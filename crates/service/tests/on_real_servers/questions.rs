//! Questions between services over a real NATS.

use std::sync::Arc;
use std::time::Duration;

use contract::rpc::{AskedIds, NameApps, NamedApp};
use contract::{AppId, Service};
use futures::future::join_all;
use local_servers::testing;
use service::{CallContext, Resources, RpcClient, RpcError, RpcRefusal};
use stage::{PATIENCE, eventually};
use tokio::sync::Barrier;

use crate::resources;

/// Answers with one app, whose name tells what the answering service knew of the question.
async fn serve_names(resources: &Resources) {
    let env = resources.env.clone();
    resources
        .serve_rpc(move |context: CallContext, _: NameApps| {
            let app = NamedApp {
                app_id: env.new_id(),
                name: format!(
                    "{} {}",
                    context.correlation,
                    context.traceparent.unwrap().trace_id()
                ),
                organization_id: env.new_id(),
                activated: true,
            };
            async move { Ok(vec![app]) }
        })
        .await
        .unwrap();
}

fn question(resources: &Resources) -> (CallContext, NameApps) {
    (
        CallContext::new(&resources.env),
        NameApps { app_ids: AskedIds::one(resources.env.new_id::<AppId>()) },
    )
}

#[tokio::test]
async fn a_question_is_answered_and_carries_its_correlation_and_trace() {
    let nats = testing::nats().await;
    let registry = resources(Service::AppRegistry, None, &nats).await;
    let broker = resources(Service::ConsentBroker, None, &nats).await;
    serve_names(&registry).await;
    let (context, names) = question(&broker);
    let answer = broker.rpc.call(&context, &names).await.unwrap();
    let trace = context.traceparent.unwrap().trace_id();
    assert_eq!(answer[0].name, format!("{} {trace}", context.correlation));
}

#[tokio::test]
async fn the_services_protocol_finds_the_endpoint() {
    let nats = testing::nats().await;
    let registry = resources(Service::AppRegistry, None, &nats).await;
    serve_names(&registry).await;
    registry.nats.flush().await.unwrap();
    let info = registry.nats.request("$SRV.INFO.app-registry", "".into()).await.unwrap();
    let info: serde_json::Value = serde_json::from_slice(&info.payload).unwrap();
    assert_eq!(info["endpoints"][0]["name"], "name-apps");
    assert_eq!(info["endpoints"][0]["subject"], "mandate.rpc.app-registry.name-apps");
    assert_eq!(info["endpoints"][0]["queue_group"], "app-registry");
}

#[tokio::test]
async fn a_refusal_arrives_as_it_was_said() {
    let nats = testing::nats().await;
    let registry = resources(Service::AppRegistry, None, &nats).await;
    registry
        .serve_rpc(async |_, _: NameApps| {
            Err(RpcRefusal::new(409, "app-archived", "It has\nended."))
        })
        .await
        .unwrap();
    let (context, names) = question(&registry);
    let refused = registry.rpc.call(&context, &names).await.unwrap_err();
    let (slug, detail) = ("app-archived".to_owned(), "It has ended.".to_owned());
    assert_eq!(refused, RpcError::Refused { code: 409, slug, detail });
}

#[tokio::test]
async fn a_handler_that_panics_refuses_and_answers_the_next_question() {
    let nats = testing::nats().await;
    let registry = resources(Service::AppRegistry, None, &nats).await;
    registry
        .serve_rpc(async |_, question: NameApps| {
            assert!(!question.app_ids.is_empty(), "none");
            Ok(Vec::new())
        })
        .await
        .unwrap();
    let (context, names) = question(&registry);
    let none = NameApps { app_ids: AskedIds::try_from(Vec::new()).unwrap() };
    let refused = registry.rpc.call(&context, &none).await.unwrap_err();
    assert!(matches!(refused, RpcError::Refused { code: 500, .. }), "{refused}");
    assert!(registry.rpc.call(&context, &names).await.unwrap().is_empty());
}

#[tokio::test]
async fn nobody_listening_is_told_at_once() {
    let nats = testing::nats().await;
    let broker = resources(Service::ConsentBroker, None, &nats).await;
    let (context, names) = question(&broker);
    // A client that would wait for an hour gives up, since the server says that nobody is there.
    let patient = RpcClient::new(broker.nats.clone(), broker.env.clone(), Duration::from_hours(1));
    let answer = tokio::time::timeout(PATIENCE, patient.call(&context, &names)).await;
    let error = answer.unwrap().unwrap_err();
    assert!(matches!(error, RpcError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn a_service_that_starts_while_it_is_asked_answers() {
    let nats = testing::nats().await;
    let registry = resources(Service::AppRegistry, None, &nats).await;
    let broker = resources(Service::ConsentBroker, None, &nats).await;
    let (context, names) = question(&broker);
    let (answer, ()) = futures::join!(broker.rpc.call(&context, &names), serve_names(&registry));
    assert_eq!(answer.unwrap().len(), 1);
}

#[tokio::test]
async fn questions_are_answered_at_the_same_time() {
    let nats = testing::nats().await;
    let registry = resources(Service::AppRegistry, None, &nats).await;
    let all_here = Arc::new(Barrier::new(16));
    registry
        .serve_rpc(move |_, _: NameApps| {
            let all_here = Arc::clone(&all_here);
            async move {
                all_here.wait().await;
                Ok(Vec::new())
            }
        })
        .await
        .unwrap();
    let (context, names) = question(&registry);
    let asked = (0..16).map(|_| registry.rpc.call(&context, &names));
    assert!(join_all(asked).await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_replica_that_stops_leaves_no_question_unanswered() {
    let nats = testing::nats().await;
    let stays = resources(Service::AppRegistry, None, &nats).await;
    let stops = resources(Service::AppRegistry, None, &nats).await;
    let broker = resources(Service::ConsentBroker, None, &nats).await;
    serve_names(&stays).await;
    serve_names(&stops).await;
    let (context, names) = question(&broker);
    let asking = async {
        for _ in 0..10 {
            let asked = (0..20).map(|_| broker.rpc.call(&context, &names));
            for answer in join_all(asked).await {
                answer.unwrap();
            }
        }
    };
    let ((), ended) = futures::join!(asking, stops.tasks.shutdown(Duration::from_secs(5)));
    assert!(ended);
}

#[tokio::test]
async fn endpoints_answer_again_after_nats_was_killed_and_wiped() {
    let mut nats = testing::nats().await;
    let registry = resources(Service::AppRegistry, None, &nats).await;
    let broker = resources(Service::ConsentBroker, None, &nats).await;
    serve_names(&registry).await;
    let (context, names) = question(&broker);
    broker.rpc.call(&context, &names).await.unwrap();

    nats.kill().await.unwrap();
    let error = broker.rpc.call(&context, &names).await.unwrap_err();
    assert!(matches!(error, RpcError::Unavailable { .. }), "{error}");
    nats.wipe().await.unwrap();
    nats.start_again().await.unwrap();
    eventually("an answer after NATS came back", async || broker.rpc.call(&context, &names).await)
        .await;
}
