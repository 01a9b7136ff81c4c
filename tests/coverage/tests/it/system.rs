//! The system that is called: its settings, and the document that it serves.

use coverage::document::Document;
use journeys::system::System;
use local_servers::testing::MailServer;

use crate::cast::MOST_SESSIONS;
use crate::single_sign_on;

/// The document that a system serves.
pub(crate) async fn document(system: &System) -> Document {
    let anonymous = system.anonymous();
    Document::new(anonymous.get("/openapi.json").await.expect(200).json)
}

/// The settings of a system that mails there.
pub(crate) fn settings(mail: &MailServer) -> String {
    format!(
        "[directory]\nmax_sessions = {MOST_SESSIONS}\n{}[directory.mail]\nfrom = \"no-reply@example.com\"\n\
         smtp = \"smtp://127.0.0.1:{}\"\n",
        single_sign_on::SETTINGS,
        mail.port()
    )
}
