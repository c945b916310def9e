import type { Type } from '@nestjs/common';
import { getMetadataStorage, ValidationTypes, type ValidationArguments } from 'class-validator';

type Rule = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

/** Rules by property name. */
type Rules = ReadonlyMap<string, readonly Rule[]>;

/** The rules are set by decorators, so they exist before the first instance and never change. */
const known = new WeakMap<Type<object>, Rules>();

/**
 * Whether an instance certainly satisfies the class-validator rules of its class and has no other fields. It
 * is much faster than `validate`, which collects everything for an error message. It also returns false where
 * only `validate` can decide: for nested objects, list items and asynchronous checks.
 */
export function isPlainlyValid(type: Type<object>, instance: object): boolean {
  const rules = rulesOf(type);
  if (rules.size === 0 || !Object.keys(instance).every((name) => rules.has(name))) return false;
  for (const [name, ofName] of rules) {
    const value: unknown = instance[name as keyof typeof instance];
    const applies = ofName.every(
      (rule) => rule.type !== conditional || Boolean(conditionOf(rule)(instance, value)),
    );
    if (applies && !ofName.every((rule) => keeps(rule, instance, value))) return false;
  }
  return true;
}

const { CONDITIONAL_VALIDATION: conditional, CUSTOM_VALIDATION: custom } = ValidationTypes;

/** The class-validator rules of a class, by property. */
export function rulesOf(type: Type<object>): Rules {
  let rules = known.get(type);
  if (!rules) {
    const storage = getMetadataStorage();
    const all = storage.getTargetValidationMetadatas(type, '', false, false);
    rules = new Map(Object.entries(storage.groupByPropertyName(all)));
    known.set(type, rules);
  }
  return rules;
}

function conditionOf({ constraints }: Rule): (instance: object, value: unknown) => unknown {
  return constraints[0] as (instance: object, value: unknown) => unknown;
}

function keeps(rule: Rule, object: object, value: unknown): boolean {
  if (rule.type === conditional || rule.type === ValidationTypes.WHITELIST) return true;
  if (rule.type !== custom || rule.each || rule.validateIf) return false;
  const { propertyName: property, constraints } = rule;
  const about: ValidationArguments = {
    targetName: object.constructor.name,
    property,
    object,
    value,
    constraints,
  };
  return getMetadataStorage()
    .getTargetValidatorConstraints(rule.constraintCls)
    .every(({ async, instance }) => !async && instance.validate(value, about) === true);
}
