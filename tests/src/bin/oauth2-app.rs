//! Prints which accounts an app reaches: docs/clients.md.

use std::env::var;
use std::error::Error;

use oauth2::basic::BasicClient;
use oauth2::{ClientId, ClientSecret, HttpRequest, HttpResponse, Scope, TokenResponse, TokenUrl};
use reqwest::{Client, StatusCode};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (base, http) = (var("BASE")?, Client::new());
    let client = BasicClient::new(ClientId::new(var("CLIENT_ID")?))
        .set_client_secret(ClientSecret::new(var("CLIENT_SECRET")?))
        .set_token_uri(TokenUrl::new(format!("{base}/oauth2/token"))?);
    let transport = |request| send(http.clone(), request);
    let sign_in = async || {
        let scope = Scope::new("RetailMedia_Analytics_Read".to_owned());
        client.exchange_client_credentials().add_scope(scope).request_async(&transport).await
    };

    let mut token = sign_in().await?;
    for scope in token.scopes().into_iter().flatten() {
        println!("{}", scope.as_str());
    }
    let url = format!("{base}/v1/me/accounts");
    let mut answer = http.get(&url).bearer_auth(token.access_token().secret()).send().await?;
    if answer.status() == StatusCode::UNAUTHORIZED {
        token = sign_in().await?;
        answer = http.get(&url).bearer_auth(token.access_token().secret()).send().await?;
    }
    let accounts: Value = answer.error_for_status()?.json().await?;
    for account in accounts["items"].as_array().into_iter().flatten() {
        println!("{}", account["name"].as_str().unwrap_or_default());
    }
    Ok(())
}

/// What the crate asks, by the client that is there.
async fn send(http: Client, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let answer = http.execute(request.try_into()?).await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = HttpResponse::new(answer.bytes().await?.to_vec());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}
