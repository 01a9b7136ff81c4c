links-ask = Demander l’accès
links-ask-lead = Un lien demande l’accès à un client. Il sert une fois, à qui peut en décider, et lui montre exactement ce que l’application pourra faire.
links-for-whom = Destinataire
links-for-whom-hint = Visible uniquement par votre organisation.
links-valid = Le lien est valable
links-valid-longest = Aussi longtemps que possible, 30 jours en général
links-days = { $days ->
    [one] { $days } jour
   *[other] { $days } jours
}
links-lasts = Le consentement dure
links-lasts-hint = Les titulaires peuvent y mettre fin avant.
links-lasts-most = { $days } jours, le maximum pour ce service
links-lasts-for-ever = Jusqu’à sa révocation
links-once = Le lien est montré une fois, sur la page suivante, car nous ne gardons que son empreinte.
links-generate = Générer un lien
links-may-not = Vous ne pouvez pas générer de lien pour l’instant : il faut une application active, et le rôle de propriétaire ou de développeur dans son organisation.
links-unconfirmed = Votre organisation doit d’abord confirmer son adresse de contact : elle est montrée aux titulaires des comptes. Un propriétaire de l’organisation peut le faire.
links-not-active = L’application n’est pas active, elle ne peut donc pas demander d’accès.
links-too-many = Trop de liens de cette application attendent encore une réponse. Révoquez ceux qui ne servent plus.
links-all = Liens
links-none = Pas encore de lien. Générez-en un pour chaque client dont l’application doit atteindre les comptes ; son parcours figurera ici.
links-state = État
links-ends = Fin
links-accounts = Comptes
links-made = Créé
link-pending = En attente
link-opened = Ouvert
link-granted = Accordé
link-denied = Refusé
link-expired = Expiré
link-revoked = Révoqué
links-used = répondu le
links-granted = { $count ->
    [one] { $count } compte accordé
   *[other] { $shown } comptes accordés
}
links-already = { $count ->
    [one] { $count } avait déjà consenti
   *[other] { $shown } avaient déjà consenti
}
links-no-account = aucun
links-revoke = Révoquer
links-again = Redemander
links-more = Liens plus anciens
links-unlabelled = Lien …{ $hint }
links-made-for = Lien pour { $who }
links-shown-once = Le lien n’est montré que cette fois, car nous ne gardons que son empreinte.
links-take-it = Envoyez-le avant de quitter cette page. S’il est perdu, révoquez-le et générez-en un autre.
links-url = Lien de consentement
links-url-hint = Qui le détient voit ce que l’application demande. Il sert une fois.
links-until = Valable jusqu’au
links-mail = Un e-mail prêt à envoyer
links-mail-lead = Modifiez-le à votre gré. Les titulaires voient qui demande, et quoi, avant de décider.
links-mail-before = { $app } demande l’accès à vos comptes. Ouvrez ce lien et choisissez les comptes que l’application pourra utiliser :
links-mail-after = Vous verrez ce que l’application peut faire et ne peut pas faire avant de décider. Le lien sert une fois, jusqu’au { $day }.
links-mail-copy = Copier l’e-mail
links-back = Je l’ai, retour aux liens
links-made-before = Ce lien existait déjà et a été montré à sa création. Il ne peut pas l’être à nouveau : si vous ne l’avez pas, générez-en un autre et révoquez celui-ci.
links-make-another = En générer un autre
links-revoke-this = Révoquer ce lien
links-one = Lien de consentement
links-not-opened = pas encore
links-passed-on = Transmis
links-passed-on-times = { $count ->
    [1] une fois, à une personne qui peut décider
   *[other] { $count } fois, à des personnes qui peuvent décider
}
links-answered = Réponse
links-ended = Terminé
links-address = Adresse
links-address-gone = montrée une fois, à la création ; elle se termine par
links-account = Compte
links-outcome = Résultat
links-account-unknown = nom désormais inconnu
links-account-granted = accordé par ce lien
links-account-before = avait déjà consenti
links-more-accounts = Plus de comptes
links-revoke-question = Révoquer le lien pour { $who } ?
links-revoke-stops = Plus personne ne peut utiliser ce lien, ni pour approuver ni pour refuser. Qui l’ouvre apprend qu’il a été révoqué.
links-revoke-goes-on = Tous les autres liens, et chaque consentement donné.
links-revoke-for-good = C’est définitif. Vous pouvez générer un autre lien à tout moment.
links-keep = Le garder
links-mail-hello = Bonjour,
links-made-by = par
links-days-wrong = C’est plus que ce qui est possible ici. Choisissez moins de jours.
links-valid-hint = Le client doit répondre d’ici là.
