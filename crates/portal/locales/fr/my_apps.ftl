my-apps-title = Mes applications
my-apps-lead = Les applications de { $organization }. Chacune demande aux titulaires l’accès à leurs comptes.
my-apps-empty-title = Aucune application pour l’instant
my-apps-empty-what = Une application est ce que vous construisez sur l’API de la plateforme. Les titulaires de comptes voient son nom et son image quand vous leur demandez l’accès ; ses clés permettent à votre programme d’agir sur leurs comptes.
my-apps-none-of-yours-title = Vous n’appartenez à aucune organisation
my-apps-none-of-yours-what = Les applications appartiennent à des organisations. Si la vôtre est déjà ici, un de ses propriétaires peut vous inviter : l’invitation arrive par e-mail. Sinon, créez-la.
method-client-credentials = Identifiants du client
method-authorization-code = Code d’autorisation
no-service-yet = Pas encore de service
state-draft = Brouillon
state-active = Active
state-suspended = Suspendue
state-archived = Archivée
my-apps-life-draft = Brouillon, étape { $step } sur 3
my-apps-life-keys = { $count ->
    [0] Aucune clé
    [one] { $count } clé
   *[other] { $count } clés
}
my-apps-life-accounts = { $count ->
    [0] aucun compte
    [one] { $count } compte
   *[other] { $shown } comptes
}
my-apps-life-more-accounts = plus de { $count } comptes
my-apps-life-token = dernier jeton { $ago }
my-apps-life-no-token = aucun jeton pour l’instant
ago-now = à l’instant
ago-minutes = il y a { $count } min
ago-hours = il y a { $count } h
ago-day = le { $date }
my-apps-life-since = Depuis le { $date }
my-apps-archived = { $count ->
    [one] { $count } application archivée n’est pas affichée.
   *[other] { $count } applications archivées ne sont pas affichées.
}
my-apps-show-archived = { $count ->
    [1] L’afficher
   *[other] Les afficher
}
my-apps-hide-archived = Masquer les applications archivées
my-apps-more = Plus d’applications
my-apps-create-first = Créer votre première application
my-apps-create = Créer une application
