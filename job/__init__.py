"""The PySpark job of Fruits!: photographs to MobileNetV2 features to principal components."""

__version__ = "0.1.0"
