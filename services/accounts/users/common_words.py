"""Words that most guessed passwords are made of, in lower case, digits and signs left out.

Chosen by hand from what people publicly report as most used, in the languages of our brands.
"""

_WORDS = """
aaaaaa abcabc abcd abcde abcdef abcdefg abcdefgh access account action adidas admin administrador
administrator adrian alejandra alejandro alexander alexandra alexis amanda america amigos amizade
amor amorzinho amoureux andrea andrei andrew angel angela angelica angels anthony antonio apple
april arsenal asdf asdfasdf asdfgh asdfghjk asdfghjkl ashley asshole august austin australia
azerty babygirl babylon bailey banana bandit barbara barcelona baseball basketball batman
beautiful benfica benjamin berlin bigdaddy biteme blink bonita bonjour booboo boomer boston
brandon brasil brazil brooklyn bubble bubblegum bubbles buster butterfly camila canada captain
carlos carolina casper cavalo changeit changeme charles charlie cheese chelsea chester chicago
chicken chocolate chris christian cinderella claudia cocacola computador computer contrase
contrasena contraseña cookie cookies corinthians corvette cowboys cristiano cristina dallas daniel
daniela danielle database david default diamond diego dolphin dolphins donald dragon eagles
elephant elizabeth eminem england estrela estrella eternity facebook familia family fatima
felicidad felicidade felipe fernanda fernando ferrari fireball firefighter flamengo florida flower
flowers football forever francisco freedom friends friendship fuckme fuckoff fuckyou futbol
futebol gabriel gabriela gandalf garfield genesis george ginger giovanni golden google grandma
gremio guest guitar hallo hamster hannah happy harley haslo hasło heather hello helloworld hockey
holidays hosting hunter iloveu iloveyou iloveyoubaby infinity instagram internacional internet
isabella jackson jasmine jasper jeffrey jennifer jeremy jessica jesus jesuschrist jesuscristo
jesusteama jonathan jordan joshua julian juventus karina kimberly kitten kittycat kocham kochamcie
kontrol lakers lauren legend leonardo letmein letmeinnow liberty linkedin linux liverpool london
lorenzo love lovelove lovely loveme lover loveyou lucas lucky madrid maganda maggie manchester
manchesterunited manuel maradona margarita maria mariana marina marlboro martin martina master
matrix matthew maverick maximus melissa mercedes merlin metallica mexico michael michelle mickey
microsoft miguel minecraft minhasenha misiek monica monika monkey monster morgan motorcycle
mustang mypassword myspace naruto natalia natasha nathan newyork nicholas nicolas nicole nintendo
nirvana nothing november nowehaslo oliver olivia orange pakistan palmeiras pamela parola passw
passwd password passwordpassword passwort patricia patrick peanut pepper phoenix pikachu pizza
player please pokemon polska pookie portugal potter precious prince princesa princess princesse
privet przemek purple qazwsx qazwsxedc qazwsxedcrfv qqqqqq qwaszx qwer qwerasdf qwert qwertasdfg
qwerty qwertyqwerty qwertyu qwertyui qwertyuiop qwertz rachel rainbow ranger raspberry realmadrid
rebecca redsox regina remember ricardo richard robert roberto rockstar rodrigo ronaldo rosario
samantha samsung santos saopaulo scooby sebastian secret secreta secreto secure security segredo
senha senhasenha september seven shadow shannon silver simple skywalker snoopy snowball soccer
softball sophie spiderman sporting starwars steelers stella stephanie steven stupid success summer
sunflower sunshine superman superstar support sweetheart sweety teamo teamomucho tekieromucho
temporal temporario temppassword tequiero test teste tester testing testpassword testtest thomas
thunder tigger tinkerbell tottenham toyota trustno trustnoone twilight twitter user username
valentina valentine vampire vanessa vasco veronica victor victoria viktoria vincent virginia
warrior webmaster welcome welcomehome whatever whatsapp william willow winner winter wizard
wordpass yamaha yankees yellow youtube zaqwsx zaqwsxcde zaqxsw zxcvbn zxcvbnm zxcvbnmasdfghjkl
александр андрей йцукен йцукенгшщз любовь максим марина наташа пароль привет
"""
COMMON_WORDS = frozenset(_WORDS.split())
