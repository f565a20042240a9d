export { decode, DecodeError, Decoder, encode, Encoder, ExtensionCodec, ExtData } from "@msgpack/msgpack";
