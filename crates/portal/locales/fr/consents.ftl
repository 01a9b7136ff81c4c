consents-lead = Toutes les applications qui peuvent agir sur vos comptes, quelle que soit la personne qui l’a accordé.
consents-order = Ordre
consents-by-app = Par application
consents-by-account = Par compte
consents-account = Compte
consents-app = Application
consents-granted-by = Accordé par
consents-ends = Prend fin
consents-state = État
consents-actions = Actions
consents-live = Actif
consents-you = Vous
consents-somebody = Quelqu’un
consents-in-days = { $days ->
    [0] aujourd’hui
    [1] dans un jour
   *[other] dans { $days } jours
}
consents-renew = Renouveler
consents-revoke = Révoquer
consents-revoke-app = Révoquer l’application
consents-sees = Elle peut voir
consents-changes = Elle peut voir et modifier
consents-soon = { $app } sur { $account } prend bientôt fin :
consents-renew-it = Renouveler
consents-renewed = Renouvelé. Le tableau indique sa nouvelle échéance.
consents-ended-already = Il n’a pas pu être renouvelé : il a pris fin, ou ne prend pas fin de lui-même.
consents-may-not = Il n’a pas été renouvelé : votre rôle sur le compte ne le permet plus.
consents-none = Aucune application ne peut agir sur vos comptes
consents-none-what = Quand une organisation veut un accès, elle vous envoie un lien. Ce que vous approuvez apparaît ici, et c’est ici que vous y mettez fin.
consents-more = Afficher la suite
consents-history = Consentements terminés
consents-ended-title = Consentements terminés
consents-ended-lead = Ce qui a été révoqué ou a expiré. Les reçus restent.
consents-ended-none = Aucun consentement sur vos comptes n’a encore pris fin.
consents-app-and-account = Application et compte
consents-app-on-account = { $app } sur { $account }
consents-ended-on = Fin
consents-how = Comment
consents-expired = Expiré
consents-revoked = Révoqué
receipt-label = Reçu de consentement
receipt-title = { $count ->
    [1] { $app } peut agir sur un compte
   *[other] { $app } peut agir sur { $shown } comptes
}
receipt-title-ended = { $app } ne peut plus agir sur ce compte
receipt-granted-by = Accordé par { $by } à { $organization }.
receipt-granted-to = Accordé à { $organization }.
receipt-file = Reçu en fichier
receipt-print = Imprimer
receipt-facts = Les faits
receipt-on = Le
receipt-to = À
receipt-ended = terminé le
receipt-unless = sauf fin anticipée
receipt-accounts = Comptes
receipt-already = { $count ->
    [1] Un autre compte choisi avait déjà consenti. Son consentement reste tel quel.
   *[other] { $shown } autres comptes choisis avaient déjà consenti. Leurs consentements restent tels quels.
}
receipt-of-its-own = Son reçu
receipt-words = Dans les mots qui ont été montrés
receipt-words-erased = Ces mots ont été effacés à la demande de quelqu’un. Leur empreinte permet encore de vérifier qu’ils ont été montrés.
receipt-check = Pour vérifier ce reçu
receipt-check-what = Le fichier contient chaque événement du consentement
receipt-hash = et l’empreinte SHA-256 de ce qui a été montré est
receipt-issued = Ce reçu dit ce qu’il en était le
receipt-to-end = Vous pouvez mettre fin à ce consentement à tout moment dans Mes consentements.
revoke-title = Révoquer le consentement de { $account } à { $app } ?
revoke-at-once = Cesse aussitôt
revoke-stops = { $app } ne peut plus rien voir ni modifier de { $account }. Les jetons que l’application détient déjà n’y atteignent plus rien.
revoke-stays = Continue
revoke-goes-on = Ce que { $app } peut faire avec vos autres comptes. Ce que l’application a lancé, comme des campagnes, continue : arrêtez-le dans le compte.
revoke-not-undone = N’est pas défait
revoke-fetched = Ce que l’application a déjà récupéré n’est pas supprimé. Pour cela, adressez-vous à
revoke-told = au même moment
revoke-again = Pour l’accorder de nouveau, il vous faut un nouveau lien de leur part.
revoke-keep = Le garder
revoke-button = Révoquer pour { $account }
revoke-app-title = Révoquer tout ce que { $app } peut faire ?
revoke-app-stops = { $count ->
    [1] { $app } ne peut plus rien voir ni modifier du seul compte qui lui avait donné accès.
   *[other] { $app } ne peut plus rien voir ni modifier de { $shown } comptes, tous ceux qui lui avaient donné accès.
}
revoke-app-stops-more = { $app } ne peut plus rien voir ni modifier de vos comptes, dont plus de { $count } lui avaient donné accès.
revoke-app-goes-on = Les comptes où votre rôle ne vous permet pas de révoquer. Ce que l’application a lancé, comme des campagnes, continue : arrêtez-le dans les comptes.
revoke-app-button = Révoquer { $app }
