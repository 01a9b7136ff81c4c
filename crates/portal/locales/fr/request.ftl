request-label = Demande d’accès
request-label-last = Demande d’accès, dernière étape
request-title = { $organization } demande l’accès à vos comptes
request-with-app = Avec son application
request-lead = Vous choisissez les comptes, vous revoyez tout avant d’approuver, et vous pouvez y mettre fin quand vous voulez.
request-lookalike = Un nom de cette page mélange des lettres d’écritures différentes. Un nom peut être fait pour en imiter un autre : assurez-vous de savoir qui demande.
request-who = Qui demande
request-known = Ce que nous savons
request-organization = Organisation
request-contact = Contact
request-confirmed = l’adresse en { $domain } est confirmée
request-unconfirmed = non confirmé
request-since = Présente depuis
request-afterwards = Ensuite
request-sent-to = vous êtes dirigé vers
request-stay = vous restez ici
request-theirs = Ce qu’ils disent d’eux-mêmes
request-theirs-unchecked = Le nom, l’image et le texte sont les leurs. Nous ne les avons pas vérifiés.
request-can = Ce qu’elle pourra faire
request-cannot = Ce qu’elle ne pourra pas faire
request-cannot-change = Modifier quoi que ce soit dans { $domain }
request-cannot-else = Voir ou modifier autre chose de { $service }
request-cannot-reach = Atteindre un compte que vous ne choisissez pas ci-dessous
request-how-long = Pour combien de temps, et comment y mettre fin
request-until = Jusqu’au
request-days = { $days ->
    [1] dans un jour
   *[other] dans { $days } jours
}
request-for-ever = jusqu’à ce que vous y mettiez fin
request-to-end = Pour y mettre fin
request-to-end-how = , pour un compte ou pour tous. L’effet est immédiat. Ce que l’application a déjà récupéré n’est pas supprimé pour autant.
request-which = Pour quels comptes
request-yours = Vos comptes { $service }. Rien n’est choisi à votre place.
request-all-matching = Sont choisis tous ceux qui correspondent à
request-start-over = Choisir de nouveau
request-search-what = Rechercher des comptes par nom ou numéro
request-search-hint = Nom ou numéro
request-search = Rechercher
request-choose-all = Choisir les { $count } comptes possibles
request-choose-matching = Choisir les { $count } qui correspondent
request-choose-none = N’en choisir aucun
request-chosen = { $chosen } sur { $all } choisis. { $cannot ->
    [0] Tous peuvent être choisis.
    [1] Un ne peut pas l’être ; la raison est indiquée.
   *[other] { $shown } ne peuvent pas l’être ; la raison est indiquée.
}
request-no-accounts = Vous n’avez de rôle sur aucun compte { $service }. Quelqu’un qui gère un compte peut vous en donner un.
request-none-match = Aucun compte ne correspond. Ce que vous avez choisi reste choisi.
request-your-role = Vous :
request-why = Il ne peut pas être choisi.
request-why-granted-by = Déjà accordé par { $name }. Cela reste ainsi.
request-why-granted = Déjà accordé. Cela reste ainsi.
request-why-role = Votre rôle, { $role }, ne permet pas de consentir. Ces personnes le peuvent :
request-why-role-alone = Votre rôle, { $role }, ne permet pas de consentir.
request-ask = Demander à { $name }
request-passed-on = La demande est transmise : un message avec le lien est en route.
request-passed-on-too-often = Cette demande a déjà été transmise trop souvent. Demandez un autre lien.
request-passed-on-just-now = Cette personne vient d’être sollicitée. Vous pourrez recommencer dans { $minutes ->
    [1] une minute
   *[other] { $minutes } minutes
}.
request-granted-meanwhile = Ce compte a été accordé entre-temps.
request-not-passed-on = La demande n’a pas pu être transmise à cette personne.
request-more = Comptes suivants
request-to-first = Revenir au début
request-review = Vérifier
request-review-count = { $count ->
    [1] Vérifier un compte
   *[other] Vérifier { $shown } comptes
}
request-deny = Refuser
request-nothing-yet = Rien n’est encore accordé. Ce lien sert une fois, jusqu’au
request-choose-one = Choisissez au moins un compte qui peut l’être.
request-words-changed = Ce qui est demandé a changé depuis que vous l’avez lu. Rien n’a été accordé : relisez-le.
request-accounts-changed = Certains de ces comptes ne peuvent plus être choisis. Rien n’a été accordé : revoyez la liste.
request-review-title = { $count ->
    [1] Laisser { $app } agir sur un de vos comptes ?
   *[other] Laisser { $app } agir sur { $shown } de vos comptes ?
}
request-belongs = L’application appartient à
request-confirmed-at = confirmée chez { $domain }
request-these = Ces comptes
request-and-more = et { $count } autres
request-sign-as = Vous signez en tant que
request-on-record = Votre décision est inscrite dans un journal que personne ne peut modifier, pas même nous, et vous recevez un reçu. Pour y mettre fin, allez dans Mes consentements ; l’effet est immédiat.
request-approve = { $count ->
    [1] Approuver pour un compte
   *[other] Approuver pour { $shown } comptes
}
request-then-sent = Vous pourrez ensuite continuer vers
request-approved = { $count ->
    [0] Rien de nouveau n’a été accordé
    [1] { $app } peut agir sur un compte
   *[other] { $app } peut agir sur { $shown } comptes
}
request-approved-what = C’est inscrit, avec un reçu pour chaque compte dans Mes consentements, où vous pouvez aussi y mettre fin.
request-denied = Vous avez refusé la demande
request-denied-what = { $organization } en est informée, et le lien ne peut plus servir. Les consentements donnés auparavant restent tels quels.
request-onward = Continuer vers { $host }
request-deny-title = Refuser la demande de { $organization } ?
deny-at-once = Prend fin aussitôt
deny-link-ends = Ce lien, pour tout le monde. Il n’accorde rien.
deny-stays = Demeure
deny-consents-stay = Les consentements que vous ou d’autres avez déjà donnés.
deny-told = En est informée
deny-told-whom = Du refus et de sa date :
deny-button = Refuser la demande
closed-used = Ce lien a déjà servi
closed-used-what = La demande a déjà été approuvée ou refusée. Un lien ne sert qu’une fois.
closed-used-by-you = Vous y avez répondu le { $at }.
closed-used-by = { $name } y a répondu le { $at }.
closed-used-at = Elle a reçu sa réponse le { $at }.
closed-expired-at = Il a pris fin le { $at }.
closed-revoked-at = Il a été retiré le { $at }.
closed-expired = Ce lien a expiré
closed-expired-what = Personne n’y a répondu à temps. Il n’a rien accordé.
closed-revoked = Ce lien a été retiré
closed-revoked-what = La personne qui l’a envoyé y a mis fin. Il n’a rien accordé.
closed-app = Cette application ne peut pas recevoir d’accès actuellement
closed-app-what = Elle n’est pas active pour le moment. Rien n’a été accordé.
closed-unknown = Cette demande n’existe pas
closed-unknown-what = L’adresse est peut-être incomplète : copiez-la en entier là où vous l’avez.
closed-todo = Il vous faut un autre lien ? Demandez-le à la personne qui vous a envoyé celui-ci. Nous ne pouvons pas en créer pour elle.
closed-consents = Voir vos consentements
account-role-admin = Administrateur
account-role-business-manager = Responsable commercial
account-role-technical-manager = Responsable technique
account-role-analyst = Analyste
account-role-viewer = Lecteur
nav-my-consents = Mes consentements
request-choose-instead = Choisir les { $count } qui correspondent, à la place des { $chosen } choisis
request-count-changed = Entre-temps, un autre nombre de comptes peut être choisi : { $count }. Rien n’a été accordé : revoyez-les.
