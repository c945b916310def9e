import { describe, expect, it } from 'vitest';
import { LanguageCheck } from './language-check.js';

const resultOf = (sentences: readonly string[]) => {
  const check = new LanguageCheck();
  sentences.forEach((sentence, i) => check.add(sentence, i + 1));
  return check.result();
};

const german = [
  'Der Hund schläft auf dem Sofa.',
  'Ich habe das Buch nicht gelesen.',
  'Wir gehen heute mit den Kindern in den Park.',
  'Das ist eine gute Idee und wir machen es.',
  'Sie schreibt ihm einen langen Brief aus der Stadt.',
  'Die Katze sitzt auf der Matte.',
  'Er weiß nicht, was er von dir will.',
  'Das Haus ist groß und schön.',
];

describe('LanguageCheck', () => {
  it.each([
    ['German', german],
    [
      'French',
      [
        'Le chat est sur le tapis.',
        'Nous ne savons pas où il va ce soir.',
        'Elle a lu tous les livres de la bibliothèque.',
        'Ils vont au marché avec des amis pour acheter du pain.',
        'Il faut que vous soyez dans la salle avant midi.',
        'Cette maison est belle et le jardin aussi.',
      ],
    ],
    [
      'Spanish',
      [
        'El gato está en la alfombra.',
        'No sé qué quiere el niño.',
        'Los libros que compré son muy buenos.',
        'Vamos al mercado con las amigas de mi hermana.',
        'La casa es grande y el jardín también.',
        'Se lo dije por la mañana, pero no me escuchó.',
        'Hay una carta para ti en la mesa.',
      ],
    ],
    ['another script', ['猫坐在垫子上。', '我今天去公园。']],
    ['another script', ['Кошка сидит на коврике.', 'Я читаю книгу.', 'Dom.']],
  ])('tells %s', (name, sentences) => {
    const result = resultOf(sentences);
    expect(result?.name).toContain(name);
    expect(result!.count).toBeGreaterThanOrEqual(sentences.length / 2);
    expect(result!.lines.length).toBeGreaterThan(0);
  });

  const many = (sentences: string[]) => Array.from({ length: 30 }, () => sentences).flat();
  it.each([
    ['a few foreign rows', german.slice(0, 3)],
    [
      'sentences without function words',
      many(['Dogs chase cats.', 'Colorless green ideas sleep furiously.']),
    ],
    ['names', many(['Mario loves Maria.', 'Juan del Rio likes Jean de la Fontaine.', 'Kim saw Sandy.'])],
    ['nonsense', many(['Twas brillig, and slithy toves gimbled.', 'Blicket dax wug fep.'])],
    [
      'quoted foreign words',
      many(['The word "Hund" is German for dog.', 'In French you say "je ne sais pas".']),
    ],
    ['Greek letters', many(['If α is a set then β is.', 'σ and τ are types.'])],
    ['word salad', many(['The the of and.', 'Sat cat mat the on.'])],
    ['a German quarter', [...many(['The cat is on the mat and we saw it.']), ...german]],
    ['nothing', []],
  ])('takes %s for English', (_name, sentences) => {
    expect(resultOf(sentences)).toBeUndefined();
  });
});
