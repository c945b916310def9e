import protobuf from 'protobufjs';

/** The part of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto that this project writes. */
const onnxProto = `
syntax = "proto3";
package onnx;

message ModelProto {
  int64 ir_version = 1;
  string producer_name = 2;
  GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
}
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message GraphProto {
  repeated NodeProto node = 1;
  string name = 2;
  repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
}
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  string name = 3;
  string op_type = 4;
  repeated AttributeProto attribute = 5;
  string domain = 7;
}
message AttributeProto {
  string name = 1;
  float f = 2;
  int64 i = 3;
  bytes s = 4;
  AttributeType type = 20;
  enum AttributeType { UNDEFINED = 0; FLOAT = 1; INT = 2; STRING = 3; }
}
message TensorProto {
  repeated int64 dims = 1;
  int32 data_type = 2;
  string name = 8;
  bytes raw_data = 9;
  repeated StringStringEntryProto external_data = 13;
  DataLocation data_location = 14;
  enum DataLocation { DEFAULT = 0; EXTERNAL = 1; }
}
message StringStringEntryProto { string key = 1; string value = 2; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message TypeProto {
  Tensor tensor_type = 1;
  message Tensor { int32 elem_type = 1; TensorShapeProto shape = 2; }
}
message TensorShapeProto {
  repeated Dimension dim = 1;
  message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
}
`;

const root = protobuf.parse(onnxProto).root;
const modelProto = root.lookupType('onnx.ModelProto');
const tensorProto = root.lookupType('onnx.TensorProto');

/** `TensorProto.DataType` */
export const elementTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;
export type ElementType = keyof typeof elementTypes;

export interface OnnxNode {
  name: string;
  opType: string;
  domain: string;
  input: string[];
  output: string[];
  attribute: {
    name: string;
    type: 'FLOAT' | 'INT' | 'STRING';
    f?: number;
    i?: number;
    s?: Uint8Array;
  }[];
}

export interface OnnxTensor {
  name: string;
  dims: number[];
  dataType: number;
  rawData?: Uint8Array;
  externalData?: { key: string; value: string }[];
  dataLocation?: 'DEFAULT' | 'EXTERNAL';
}

export interface OnnxValue {
  name: string;
  type: { tensorType: { elemType: number; shape: { dim: ({ dimValue: number } | { dimParam: string })[] } } };
}

export interface OnnxModel {
  irVersion: number;
  producerName: string;
  opsetImport: { domain: string; version: number }[];
  graph: {
    name: string;
    node: OnnxNode[];
    initializer: OnnxTensor[];
    input: OnnxValue[];
    output: OnnxValue[];
  };
}

/** The bytes of an ONNX file. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  return modelProto.encode(modelProto.fromObject(model)).finish();
}

/** The bytes of one tensor within an ONNX file. */
export function encodeTensor(tensor: OnnxTensor): Uint8Array {
  return tensorProto.encode(tensorProto.fromObject(tensor)).finish();
}

/**
 * Decodes the output of {@link encodeOnnx}. Parts of the format that this project does not write are ignored.
 */
export function decodeOnnx(bytes: Uint8Array): OnnxModel {
  const options = { longs: Number, enums: String, defaults: true, arrays: true };
  return modelProto.toObject(modelProto.decode(bytes), options) as OnnxModel;
}
