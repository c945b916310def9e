import { expect, it } from 'vitest';
import { placeOfMember } from './tensorflow-wheel.mjs';

it.each([
  ['tensorflow/libtensorflow_cc.so.2', 'lib/libtensorflow_cc.so.2'],
  ['tensorflow/libtensorflow_framework.so.2', 'lib/libtensorflow_framework.so.2'],
  ['tensorflow/include/tensorflow/c/eager/c_api.h', 'include/tensorflow/c/eager/c_api.h'],
  ['tensorflow/include/tsl/c/tsl_status.h', 'include/tsl/c/tsl_status.h'],
  ['tensorflow/include/xla/tsl/c/tsl_status.h', 'include/xla/tsl/c/tsl_status.h'],
])('of the wheel it takes %s', (member, place) => expect(placeOfMember(member)).toBe(place));

it.each([
  'tensorflow/include/tensorflow/c/',
  'tensorflow/include/xla/array.h',
  'tensorflow/include/tensorflow/c/../../../../../x.h',
  'tensorflow/python/_pywrap_tensorflow_internal.so',
  'other/tensorflow/libtensorflow_cc.so.2',
])('of the wheel it leaves %s', (member) => expect(placeOfMember(member)).toBeUndefined());
