app-overview = Aperçu
app-keys = Clés
app-keys-of = Clés de { $app }
app-facts = Ce qu’elle est
app-id = Identifiant
app-since = Activée
app-links = Liens
app-links-of = Liens de { $app }
app-actions = Actions
app-ends-at-once = Cesse aussitôt
app-ends-goes-on = Continue
app-next = À faire
app-next-suspended = Un opérateur a suspendu cette application.
app-next-suspended-what = Elle n’obtient pas de jeton et ne peut pas demander d’accès tant qu’un opérateur ne l’a pas rétablie. Ses clés, ses liens et ses consentements sont conservés.
app-next-key = Elle n’a pas encore de clé.
app-next-key-what = Une clé permet à votre programme d’obtenir des jetons pour cette application.
app-next-replace = { $count ->
    [1] Une clé prend fin dans les 30 jours.
   *[other] { $count } clés prennent fin dans les 30 jours.
}
app-see-keys = Voir les clés
app-next-uri = Elle n’a pas encore d’URI de redirection.
app-next-uri-what = Les codes d’autorisation sont envoyés à une adresse que vous indiquez, et nulle part ailleurs.
app-next-link = L’accès n’a encore été demandé à personne.
app-next-link-what = Générez un lien pour un client : il lui montre ce que l’application pourra faire et lui laisse choisir les comptes.
app-next-await = { $count ->
    [1] Un lien attend une réponse.
   *[other] { $count } liens attendent une réponse.
}
app-see-links = Voir les liens
app-state-draft = Elle n’est pas encore active.
app-state-active = Son nom, son image, sa méthode, son service et ses domaines sont figés.
app-state-suspended = Elle n’obtient pas de jeton tant qu’elle n’est pas rétablie.
app-state-archived = Elle a pris fin définitivement. Sa trace demeure.
app-pkce-required = PKCE est obligatoire
app-pkce-optional = PKCE n’est pas obligatoire
app-may = Ce qu’elle peut faire
app-domain = Domaine
app-level = Niveau
app-in-words = En clair
app-scopes = En portées OAuth
app-health = Comment elle se porte
app-last-token = Dernier jeton
app-refused = Refus, 24 h
app-refused-none = aucun
app-refused-count = { $count ->
    [one] { $count } demande de jeton
   *[other] { $shown } demandes de jeton
}
app-keys-ending = { $count ->
    [1] une prend fin dans les 30 jours
   *[other] { $count } prennent fin dans les 30 jours
}
app-accounts = { $count ->
    [0] aucun pour l’instant
    [one] { $count } accordé
   *[other] { $shown } accordés
}
app-accounts-more = plus de { $count } accordés
app-accounts-ending = { $count ->
    [1] un prend fin dans les 30 jours
   *[other] { $shown } prennent fin dans les 30 jours
}
app-links-waiting = { $count ->
    [0] aucun en attente
    [one] { $count } en attente
   *[other] { $count } en attente
}
app-as-of = Au
app-end = Y mettre fin
app-suspend = Suspendre
app-suspend-what = Arrête { $keys ->
    [one] { $keys } clé
   *[other] { $keys } clés
} et l’accès à { $accounts ->
    [one] { $accounts } compte
   *[other] { $shown } comptes
} jusqu’au rétablissement. Rien n’est perdu.
app-resume = Rétablir
app-resume-what = Elle obtient de nouveau des jetons et peut demander l’accès.
app-archive = Archiver
app-archive-what = Met fin à { $keys ->
    [one] { $keys } clé
   *[other] { $keys } clés
}, { $links ->
    [one] { $links } lien ouvert
   *[other] { $links } liens ouverts
} et { $accounts ->
    [one] { $accounts } consentement
   *[other] { $shown } consentements
}, définitivement. La trace demeure.
app-suspend-question = Suspendre { $app } ?
app-suspend-stops = Ses clés n’obtiennent plus de jeton, et personne ne peut approuver ses liens. Les jetons déjà obtenus ne servent pas au-delà de leur durée.
app-suspend-goes-on = Clés, liens et consentements restent tels quels. Un consentement prend fin au jour prévu.
app-undone = Réversible
app-suspend-undone = En la rétablissant, à tout moment.
app-suspend-this = Suspendre cette application
app-resume-question = Rétablir { $app } ?
app-starts = Reprend
app-resume-starts = Ses clés obtiennent des jetons et ses liens peuvent être approuvés, dès cet instant.
app-resume-this = Rétablir cette application
app-leave = Laisser tel quel
app-archive-question = Archiver { $app } définitivement ?
app-archive-keys = { $count ->
    [0] Aucune ne fonctionne.
    [one] { $count } clé prend fin. Les programmes qui l’utilisent n’obtiennent plus de jeton.
   *[other] { $count } clés prennent fin. Les programmes qui les utilisent n’obtiennent plus de jeton.
}
app-archive-links = { $count ->
    [0] Aucun n’attend de réponse.
    [one] { $count } lien en attente de réponse prend fin.
   *[other] { $count } liens en attente de réponse prennent fin.
}
app-archive-grants = { $count ->
    [0] Aucun n’a rien accordé.
    [one] { $count } consentement prend fin : l’application n’atteint plus ce compte.
   *[other] { $shown } consentements prennent fin : l’application n’atteint plus ces comptes.
}
app-archive-more-grants = Plus de { $shown } consentements prennent fin : l’application n’atteint plus ces comptes.
app-stays = Demeure
app-archive-stays = La trace de tout ce qui s’est passé, et les reçus des titulaires. Ce que l’application a déjà récupéré n’est pas supprimé pour autant.
app-archive-for-good = C’est irréversible. Une autre application aura besoin d’un nouveau consentement de chaque compte.
app-archive-confirm = Pour l’archiver, saisissez le nom de l’application
app-archive-this = Archiver cette application
uris-title = URI de redirection
uris-lead = Les adresses où les codes d’autorisation de cette application peuvent être envoyés. Elles sont comparées caractère par caractère.
uris-none = Aucune pour l’instant. Sans adresse, aucun code d’autorisation ne peut être envoyé.
uris-change = Les modifier
uris-uri = URI de redirection
uris-uri-hint = Elle commence par https://, ou par http:// sur la machine locale, par exemple http://127.0.0.1:8710/connected.
uris-add = Ajouter une URI de redirection
uris-remove = Retirer
uris-wrong = Cette adresse ne peut pas servir : il faut une adresse entière en https://, ou http:// sur la machine locale, sans fragment, mot de passe, joker ni espace.
uris-registered = Cette adresse y est déjà.
uris-too-many = L’application a autant d’URI de redirection qu’elle peut en avoir. Retirez-en une d’abord.
uris-pkce = PKCE
uris-pkce-is-required = Qui demande un code d’autorisation doit envoyer un défi, qui rend un code intercepté inutilisable par d’autres.
uris-pkce-is-optional = Un code d’autorisation peut être demandé sans défi. Exigez-le dès que tous vos clients savent en envoyer un.
uris-pkce-relax = Ne plus l’exiger
uris-pkce-require = Exiger PKCE
app-archive-other = Ce n’est pas le nom de l’application. Rien n’a été archivé.
app-next-replace-what = { $count ->
    [1] Remplacez-la
   *[other] Remplacez-les
} à temps : une nouvelle clé fonctionne aussitôt, l’ancienne jusqu’au moment que vous choisissez.
