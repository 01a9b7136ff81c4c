sign-in-title = Se connecter
sign-in-to-request = Quelqu’un vous a envoyé une demande d’accès. Connectez-vous pour la voir.
sign-in-link-unused = Ouvrir cette page n’a pas utilisé le lien. Il ne sert qu’une fois, quand vous approuvez ou refusez.
sign-in-ended = Vous avez été déconnecté. Connectez-vous pour continuer.
sign-in-email = Adresse e-mail
sign-in-password = Mot de passe
sign-in-button = Se connecter
sign-in-wrong = L’adresse e-mail ou le mot de passe n’est pas correct.
sign-in-locked = Trop de tentatives. Réessayez dans { $minutes ->
    [1] une minute
   *[other] { $minutes } minutes
}.
sign-in-no-cookie = Votre navigateur n’a pas gardé le cookie qui dit qui vous êtes. Autorisez les cookies pour cette adresse, puis reconnectez-vous.
sign-in-demo = Cette installation est une démonstration. Les personnes qui peuvent se connecter, avec leurs mots de passe, ont été affichées au démarrage ; elles sont aussi dans demo.json, dans le dossier de données.
sign-in-nobody = Personne ne peut encore se connecter. L’exploitant de cette installation ajoute le premier opérateur avec la commande « mandate operators add ».
sign-in-kept = Ce que vous avez saisi est conservé : le formulaire réapparaît, rempli, et rien n’est envoyé de lui-même.
