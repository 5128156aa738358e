import queue
import requests
import sys
import token
import numpy
