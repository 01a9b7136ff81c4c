app-activity = Activité
app-activity-of = Activité de { $app }
activity-lead = Ce qui est arrivé à l’application, du plus récent au plus ancien, avec sa place dans le journal. Ce qui figure dans le journal ne change jamais.
activity-which = Événements affichés
activity-changes = Les changements
activity-all = Tout, jetons compris
activity-none = Rien n’a encore été consigné.
activity-what = Événement
activity-by = Par
activity-place = Place dans le journal
activity-more = Événements plus anciens
activity-somebody = une personne chez un client
activity-the-app = l’application
activity-anonymous = une personne inconnue
event-other = Un autre événement a été consigné : { $kind }.
event-not-kept = (nom qui n’est plus conservé)
event-app-created = Un brouillon a été créé.
event-app-edited = Le brouillon a été modifié.
event-app-image-set = Une image a été donnée au brouillon.
event-app-image-removed = L’image du brouillon a été retirée.
event-app-activated = L’application a été activée.
event-app-suspended = L’application a été suspendue.
event-app-resumed = L’application a été rétablie.
event-app-archived = L’application a été archivée.
event-app-pkce-required = PKCE est devenu obligatoire.
event-app-pkce-optional = PKCE n’est plus obligatoire.
event-redirect-uri-added = L’URI de redirection { $uri } a été ajoutée.
event-redirect-uri-removed = L’URI de redirection { $uri } a été retirée.
event-key-created = La clé « { $name } » a été créée.
event-key-renamed = Une clé a été renommée « { $name } ».
event-key-deleted = Une clé a été supprimée ; elle a fonctionné quelques minutes encore.
event-key-deleted-now = Une clé a été supprimée immédiatement.
event-key-deleted-leaked = Une clé a pris fin aussitôt, son secret ayant été trouvé.
event-key-deleted-archived = Une clé a pris fin avec l’application.
event-key-replaced = Une clé a été remplacée par une autre.
event-key-expired = Une clé a expiré.
event-key-expiring = Une clé allait expirer dans { $days ->
    [1] un jour
   *[other] { $days } jours
} au plus.
event-key-leaked = Le secret d’une clé a été trouvé quelque part et signalé.
event-token-issued = Un jeton a été émis.
event-token-refused = { $reason ->
    [wrong_secret] Un jeton a été refusé : le secret était faux.
    [key_ended] Un jeton a été refusé : la clé a pris fin.
    [app_suspended] Un jeton a été refusé : l’application est suspendue.
    [app_archived] Un jeton a été refusé : l’application a pris fin.
    [invalid_scope] Un jeton a été refusé : une portée que l’application n’a pas.
   *[other] Un jeton a été refusé.
}
event-link-created = Un lien de consentement a été généré.
event-link-created-for = Un lien de consentement a été généré pour { $who }.
event-link-opened = Un lien de consentement a été ouvert.
event-link-passed-on = Un lien de consentement a été transmis à une personne qui peut décider.
event-link-redeemed = Un lien de consentement a été approuvé ; { $count ->
    [one] { $count } compte consent par lui
   *[other] { $count } comptes consentent par lui
}.
event-link-denied = Un lien de consentement a été refusé.
event-link-expired = Un lien de consentement a expiré sans avoir servi.
event-link-revoked = Un lien de consentement a été révoqué.
event-link-revoked-archived = Un lien de consentement a pris fin avec l’application.
event-consent-granted = Un compte a consenti.
event-consent-renewed = Le consentement d’un compte a été renouvelé.
event-consent-expired = Le consentement d’un compte a expiré.
event-consent-expiry-set = Une fin a été donnée au consentement d’un compte.
event-consent-revoked = Le consentement d’un compte a été révoqué.
event-consent-revoked-archived = Le consentement d’un compte a pris fin avec l’application.
event-consent-notice = Un titulaire a été informé qu’un consentement prend fin dans { $days ->
    [1] un jour
   *[other] { $days } jours
} au plus.
activity-you = vous
