//! Serves every page in every case, for eyes and for pictures: `cargo run -p portal --example gallery`. The first line
//! that it prints is its address; `/gallery` there lists what it has.

use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, portal::gallery()).await
}
