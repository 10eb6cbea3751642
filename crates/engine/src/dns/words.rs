//! Ordinary words, written for this table: what names of sites, firms, people and machines are
//! made of, in English and in the spellings of other languages that domain names use. They train
//! the letter pairs of [`super::readable`]; none is looked up as a word.

pub(super) const WORDS: &str = "
about above academy access account action active adam adventure advice africa agency agent air
airport alarm album alert alexander alliance alpha always amazing america analytics andrea angel
animal anna answer apartment api app apple archive area army around art article artist asia asset
assist atlas audio august austria author auto autumn avenue award baby back backup badge balance
ball band bank barcelona base basket battery beach beauty bed beer before berlin best better big
bike bill bird birthday black blog blood blue board boat body bonus book border boston bottle box
boy brain brand brazil bread break bridge bright britain brother brown browser budget build
business butter button buy cabin cable cafe cake calendar california call camera camp canada
candle capital captain car card care carlos carry case cash castle cat catalog center central
century chain chair challenge champion chance change channel charge charity charles chart chat
cheap check cheese chef chicago chicken child china chocolate choice christian church cinema
circle city class classic clean clear click client clinic clock close cloud club coach coast code
coffee collection college color comfort comic command common community company compare computer
concert connect console consult contact content contest control cook cool corner cosmetic cost
cottage council country couple course court cover craft create creative credit crew cross crown
cruise crystal culture custom cycle daily dance daniel data date david dead deal dear december
deep delivery delta dental design desk detail developer device diamond diary diet different
digital dinner direct discount discover display doctor document dog dollar domain door double
download dragon drama dream dress drink drive drop duck east easy economy edge editor education
egg electric element elena email emerald empire employee energy engine english enjoy enter
entertainment entry equipment error escape estate europe event every example exchange exercise
expert explore express extra eye fabric face factory fair faith family famous fantasy farm fashion
fast father favorite feature federal feed festival field file film final finance find finger
fire first fish fitness flag flash fleet flight floor florida flower focus folder food foot
football force ford forest forever form forum forward foundation four frame france frank free
freedom french fresh friday friend front fruit fuel full fun fund furniture fusion future gadget
galaxy gallery game garden gas gate general george german get ghost giant gift girl give glass
global gold golf good google government grand graphic great green ground group grow guard guest
guide guitar hair half hamburg hand happy hard harmony harvest head health heart heat heaven
heavy height help hero high hill history hobby hockey holiday hollywood home honey hope horizon
horse hospital host hotel hour house human hundred hunter hyper icon idea image impact income
india industry info innovation inside insight instant institute insurance integrated interactive
interest international internet invest iron island italy jack jacket james january japan jason
jazz jeans jewel job john join joint journal journey joy juice july jump june junior just karen
keep key kid kind king kitchen knight know lab lady lake land language laptop large laser last
laura law leader league learn leather legal legend lemon lesson letter level liberty library life
light like limit line link lion liquid list little live local location logic logistics london
long look lost love lucky lunch luxury machine magazine magic mail main major make management
manager map march maria marine mark market martin master match material math matrix matter maxi
meal media medical meeting member memory mental menu message metal method metro mexico michael
micro middle mike mile military milk mind mini minister minute mirror mission mobile model modern
moment monday money monitor monster month moon more morning mortgage mother motion motor mountain
mouse move movie museum music name nation natural nature network never news nice night nine noble
north note notice november nurse ocean october office official online open opera option orange
order organic original outdoor outlet oxford pacific package page paint palace panel paper
paradise parent paris park partner party pass past patient paul payment peace pearl people
perfect performance person peter phone photo piano picture piece pilot pink pizza place plan
planet plant plastic platform play player please plus pocket point police policy pool popular port
portal post potter power practice premium present press price prime print private prize process
product professional profile program project property protect public publish pure purple quality
queen quest question quick quiet race radio rain random rapid rate reader ready real record red
region register release rent repair report research resort resource response rest restaurant
retail review rich ride right ring rise river road robert robot rock roman room root rose round
royal rule russia safety saint salon sample sand santa satellite saturday save scale scene school
science score scott screen script search season seat second secret section secure security select
senior sense september series server service seven shadow shape share sharp shell ship shirt shoes
shop short show side sign silver simple sister site size skill skin sky sleep slim small smart
smile snow social society soft software solar solution song source south space spain speak special
speed spirit sport spot spring square stadium staff stage standard star start state station steel
step steve stock stone storage store storm story street strong student studio style success sugar
summer sunday super supply support surf survey sweet swiss switch system table talent talk target
taste team technology telecom television tempo ten tennis test text theater theme thing think
third thomas three ticket tiger time tiny today together token tomorrow tool top total touch tour
toward tower town track trade traffic training transfer translate travel treasure tree trend trial
trip truck true trust truth turbo turkey twin type ultra union unique united unity universal
university update upload urban user utility vacation valley value vector vehicle venture victory
video view village vintage virtual vision visit vital voice wait walk wall want warm warrior watch
water wave wealth weather web wedding week weight welcome west wheel white wide wild william wind
window wine winner winter wireless wise wolf woman wonder wood word work world worth write yacht
yahoo year yellow yoga york young zebra zero zone
abogado agua alimentos amigo azul banco barato bien boda buena caliente camino carro casa centro
ciudad comida compra corazon cultura dinero diario empresa escuela estrella familia fiesta gente
hogar imprenta jardin juego libro luna mercado moda mundo noticia nuevo pelicula perro playa
precio salud seguro servicio sol tienda todo trabajo universidad verde viaje vida
agence aujourd avenir beaute bonjour boutique cadeau chambre chaussure cuisine emploi enfant
entreprise environnement fenetre histoire immobilier jardinage journal liberte lumiere maison
mariage meilleur monde musique pharmacie plaisir programme quotidien recette sante soleil terre
vacances vetement voiture voyage
arbeit apotheke bauer bild bucher deutsch eisen fahrrad ferien firma freund garten gemeinde
geschenk gesundheit handel haus immobilien kaufen kinder kleid kunst leben markt mobel nachrichten
nummer reise schule schweiz spiel sprache stadt strasse strom urlaub verlag versicherung wasser
werk wetter wirtschaft wohnung zeit zeitung
azienda bellezza calcio cucina donna gioco giorno lavoro mondo negozio notizie salute scuola
sicilia tempo vacanza viaggi
acao brasil cidade comercio dinheiro esporte feira jogo livro loja noticias receita saude
agentstvo avtomobil biznes delo dengi detki dom doroga gazeta gorod igra karta kniga kvartira
magazin master mir mnogo moskva muzyka novosti pogoda podarok portal rabota remont russkiy sadik
shkola sport stroy svet torg tovar turizm tsvety ukraina vesti zdorovye zhenskiy
aiqing beijing baidu bao caipiao chengdu dian dianying guang guo huang jia jiankang jiang kuai
liang lianjie meili nanjing pinyin qiche qing shang shanghai shenzhen shijie taobao tian wang wei
wenhua xiang xiao xin xinwen xuexi yang yinyue you youxi yuan zhang zhongguo zhuan
aisha akira bangkok dewa fukuoka hana hanoi haruka ichiban india jakarta judi kawa keiba kobe koji
kumar kyoto matsu mobil murah nakamura nihon osaka rakuten saigon sakura sato shin suzuki takara
tanaka tokyo toko toyama yamada yoko
allegro czytaj dobry dziecko gazeta gospodarka kobieta ksiazka praca sklep szkola wiadomosci
dnes obchod pocasi praha sleva zdravi boek fiets gemeente huis kinderen nieuws vakantie verzekering
wereld winkel arbete barn hus nyheter resor skola tidning kauppa matka suomi haber kitap okul oyun
sinema turkiye firmalar ucuz
";
